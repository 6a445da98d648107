/**
 * IP addresses: parsing in every spelling that resolvers accept, canonical text, and classification against the
 * special-purpose registries (IANA IPv4 and IPv6 Special-Purpose Address Registries, RFC 6890 and its updates).
 */
export interface IpAddress {
    readonly family: 4 | 6;
    /** Network order, 4 or 16 bytes. */
    readonly bytes: readonly number[];
}
/** Why an address is not public. The name is also the metric label. */
export type AddressClass = 'public' | 'unspecified' | 'loopback' | 'private' | 'link_local' | 'shared' | 'metadata' | 'multicast' | 'broadcast' | 'documentation' | 'benchmarking' | 'reserved' | 'unique_local' | 'site_local' | 'translation' | 'discard';
/**
 * Parses IPv4 in dotted, short, decimal, octal and hex forms (WHATWG URL section 3.5, inet_aton).
 * Null when the text is not an IPv4 address in any of them.
 */
export declare function parseIpv4(text: string): IpAddress | null;
/** Strict dotted decimal only, no leading zeros: what a resolver or a socket reports. */
export declare function parseIpv4Strict(text: string): IpAddress | null;
/** Parses IPv6 text (RFC 4291 section 2.2), without brackets. Zone ids are refused (T-17). */
export declare function parseIpv6(text: string): IpAddress | null;
/** Parses an address as resolvers and sockets write it: strict IPv4, or IPv6. */
export declare function parseIp(text: string): IpAddress | null;
/** Canonical text: dotted decimal, or RFC 5952. */
export declare function ipText(ip: IpAddress): string;
/** True when the first `bits` bits of `ip` equal those of `prefix`. */
export declare function inPrefix(ip: IpAddress, prefix: IpAddress, bits: number): boolean;
export interface Cidr {
    readonly ip: IpAddress;
    readonly bits: number;
}
/** `10.0.0.0/8`, `fd00::/8`, or a lone address. Null when malformed. */
export declare function parseCidr(text: string): Cidr | null;
export declare function inCidr(ip: IpAddress, cidr: Cidr): boolean;
/** The IPv4 address inside a mapped, compatible, NAT64, 6to4 or Teredo address; null when there is none. */
export declare function embeddedIpv4(ip: IpAddress): IpAddress | null;
/**
 * The class of an address. Transition addresses are `translation` even when what they embed is public: nothing
 * that an agent needs lives there, and the relay behind them is not ours to check. Mapped ones are unwrapped.
 */
export declare function classifyAddress(ip: IpAddress): AddressClass;
