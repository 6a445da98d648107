export function clientJavaScript(): string;
