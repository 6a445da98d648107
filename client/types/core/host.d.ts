/**
 * Host names and addresses, canonical once, at the door: what is decided on is what is resolved and dialled.
 *
 * Grammar: WHATWG URL host parsing with UTS-46 for what is not ASCII, made stricter: no percent, no empty label,
 * labels of 1–63 bytes, at most 253 in all, one trailing dot is dropped and two are refused, brackets hold exactly
 * one IPv6 address without a zone. (T-10, T-12, T-13, T-14, T-16, T-17)
 */
import { type IpAddress } from './ip-address.js';
import { type Result } from './result.js';
export interface Host {
    readonly kind: 'name' | 'ipv4' | 'ipv6';
    /** Lower-case A-label form without trailing dot, dotted decimal, or RFC 5952 without brackets. */
    readonly name: string;
    /** Null for names. */
    readonly ip: IpAddress | null;
}
export type HostProblem = 'empty' | 'too_long' | 'bad_character' | 'bad_label' | 'bad_brackets' | 'bad_address' | 'bad_idna';
/** Parses a host as it stands in a request target, `Host` field, SNI or SOCKS5 request. */
export declare function parseHost(text: string): Result<Host, HostProblem>;
/** The host of an address that was dialled or reported, never null for what a resolver returns. */
export declare function hostOfIp(ip: IpAddress): Host;
