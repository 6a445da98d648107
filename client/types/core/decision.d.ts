/**
 * A decision: the pure result of (request, principal, snapshot). Everything it depends on is in its input, and its
 * input is what a decision event records, so that it can be replayed bit for bit.
 */
import type { Fact } from './fact.js';
import type { Principal } from './principal.js';
import type { PrecedenceStep, ReasonCode } from './reasons.js';
import type { Target } from './target.js';
/**
 * How far the gate can see into what it relays.
 * - `plain`: an HTTP request in clear, decided by method and path.
 * - `inspect`: TLS ended on both sides; each inner request is decided by method and path.
 * - `tunnel`: opaque; only the host and port were decided, and the record says that the method was not enforced.
 */
export type RelayMode = 'plain' | 'inspect' | 'tunnel';
/** What resolution found, once it was allowed to happen. */
export interface Resolution {
    /** Every address in the answer, canonical text. All are checked: one forbidden address forbids the answer. */
    readonly addresses: readonly string[];
    /** Canonical names of the CNAME chain, without the name asked for; their categories count too (T-42). */
    readonly cnames: readonly string[];
}
export interface DecisionRequest {
    /** Null when the pass was missing or bad; then `passProblem` says why. */
    readonly principal: Principal | null;
    readonly passProblem: Extract<ReasonCode, `pass_${string}`> | null;
    /** Upper case; `CONNECT` asks for the tunnel itself, before anything inside is seen. */
    readonly method: string;
    readonly target: Target;
    /** Path without query; empty for CONNECT. */
    readonly path: string;
    /** Query without `?`; empty when none. Read equivalents may look at it (`service=git-upload-pack`). */
    readonly query: string;
    /** Media type of the request body, lower case, without parameters; empty when none. */
    readonly contentType: string;
    /** A body is announced: with a method that reads, that is a write (T-30). */
    readonly hasBody?: boolean;
    /** A message that the appliance itself wrote to a tool declared read-only; no proxy client's is. */
    readonly readOnlyTool?: boolean;
    /** Lower-case upgrade token (`websocket`), empty when none: an upgrade is a write channel (T-28). */
    readonly upgrade: string;
    /** Null before resolution. Nothing is resolved on a denial (T-21). */
    readonly resolved: Resolution | null;
    /** Milliseconds since the epoch; passes and overrides expire by it. */
    readonly now: number;
}
/** Where a rule stands, for people: file and line of the bundle. */
export interface RuleRef {
    /** For example `capability:net.read.public#1` or `control:category:paste-sites`. */
    readonly id: string;
    readonly file: string | null;
    readonly line: number | null;
}
interface DecisionCommon {
    readonly reason: ReasonCode;
    readonly step: PrecedenceStep | null;
    readonly rule: RuleRef | null;
    /** Capability that granted, or that would have granted if it were not revoked; null when none. */
    readonly capability: string | null;
    /** Categories of the host and of its CNAME chain, sorted. */
    readonly categories: readonly string[];
    /** What the decision relied on; ending any of these ends an allow. Sorted. */
    readonly facts: readonly Fact[];
}
export interface Allow extends DecisionCommon {
    readonly effect: 'allow';
    readonly mode: RelayMode;
    /** False when the method could not be seen (tunnel). */
    readonly methodEnforced: boolean;
    /** Milliseconds since the epoch at which the allow ends by itself (pass or override expiry). */
    readonly until: number;
}
export interface Deny extends DecisionCommon {
    readonly effect: 'deny';
    /** Smallest changes that would allow it, in words an agent can act on; empty when nothing would. */
    readonly wouldAllow: readonly string[];
}
export type Decision = Allow | Deny;
export {};
