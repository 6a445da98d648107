/**
 * Facts: what a decision relied on. A fact is a `kind:value` string, so that it can be a key of the lease index,
 * a field of an event and a word in an explanation without translation.
 */
export type FactKind = 'task' | 'tenant' | 'pass' | 'class' | 'profile' | 'capability' | 'category' | 'host' | 'bundle' | 'controls' | 'categories' | 'rules';
/** For example `capability:net.read.public` or `category:paste-sites`. */
export type Fact = `${FactKind}:${string}`;
export declare function fact(kind: FactKind, value: string): Fact;
/** Splits a fact at its first colon. */
export declare function factParts(of: Fact): {
    readonly kind: FactKind;
    readonly value: string;
};
