/** A value or a named problem: how pure code reports what can go wrong, without exceptions. */
export type Result<T, E> = {
    readonly ok: true;
    readonly value: T;
} | {
    readonly ok: false;
    readonly error: E;
};
export declare function ok<T>(value: T): {
    readonly ok: true;
    readonly value: T;
};
export declare function err<E>(error: E): {
    readonly ok: false;
    readonly error: E;
};
/** A problem in a file that a person edits: says where, what, and how to mend it. */
export interface Problem {
    readonly file: string;
    /** 1-based; 0 when the whole file is meant. */
    readonly line: number;
    readonly column: number;
    /** Lower case, no full stop, user input in backticks, the fix last. */
    readonly message: string;
}
/** `file:line:column: message`, the form that editors jump to. */
export declare function problemText(p: Problem): string;
