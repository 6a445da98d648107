/** The target of a request: where it wants to go, canonical once, at the door. */
import type { Host } from './host.js';
/** `tcp` is a tunnel whose inside nobody has read (CONNECT or SOCKS5 before its first bytes). */
export type Scheme = 'http' | 'https' | 'ws' | 'wss' | 'tcp';
export interface Target {
    readonly scheme: Scheme;
    readonly host: Host;
    /** 1–65535. */
    readonly port: number;
}
/** `host:port`, IPv6 in brackets. */
export declare function authority(target: Pick<Target, 'host' | 'port'>): string;
/** The port that a scheme means when none is written; null for `tcp`. */
export declare function defaultPort(scheme: Scheme): number | null;
/** Strict decimal port, 1–65535, no sign, space or leading zero. */
export declare function parsePort(text: string): number | null;
