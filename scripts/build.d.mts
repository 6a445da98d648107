/** Texts of the built console by file name. */
export function buildConsole(): Promise<Map<string, string>>;
