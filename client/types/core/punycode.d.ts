/** Punycode (RFC 3492), the reading half: what an A-label stands for. */
/** The label behind `xn--`, in lower case; null when it is no Punycode. */
export declare function decodePunycode(text: string): string | null;
