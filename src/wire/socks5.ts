/**
 * SOCKS5 (RFC 1928) with user name and password (RFC 1929), the server's side, read strictly.
 *
 * Sans-io: each reader is given all bytes received so far and answers with a message, a problem, or that it needs more.
 * Every message has a length of its own of at most 513 bytes, so nothing is buffered beyond that. Only CONNECT exists;
 * names are left to us to resolve, and a name goes through the same grammar as every other host (T-10, T-16).
 */

import { type Host, type HostProblem, hostOfIp, parseHost } from '../core/host.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { Target } from '../core/target.ts';

/** A message and how many bytes it took. */
export type Read<T, P> = Result<T & { readonly length: number }, P> | null;

export interface SocksGreeting {
  /** Whether the client can name itself by user name and password; nothing else is ever chosen. */
  readonly password: boolean;
}

export interface SocksLogin {
  readonly user: string;
  readonly password: string;
}

export interface SocksRequest {
  readonly target: Target;
}

/** Fixed words; they may stand in a record. */
export type SocksProblem = 'not_socks5' | 'no_methods' | 'bad_login' | 'bad_request' | SocksRequestProblem;
export type SocksRequestProblem = 'bad_command' | 'bad_address_type' | 'bad_port' | HostProblem;

/** RFC 1928 section 6. */
export const SOCKS_REPLY = {
  succeeded: 0,
  failure: 1,
  notAllowed: 2,
  hostUnreachable: 4,
  refused: 5,
  badCommand: 7,
  badAddressType: 8,
} as const;

export type SocksReply = (typeof SOCKS_REPLY)[keyof typeof SOCKS_REPLY];

export const CHOOSE_PASSWORD: Uint8Array = Uint8Array.of(5, 2);
export const NO_METHOD: Uint8Array = Uint8Array.of(5, 0xff);
export const LOGIN_TAKEN: Uint8Array = Uint8Array.of(1, 0);

/** A reply without a bound address: ours tells a sandbox nothing. */
export function socksReply(code: SocksReply): Uint8Array {
  return Uint8Array.of(5, code, 0, 1, 0, 0, 0, 0, 0, 0);
}

const PASSWORD = 2;
const CONNECT = 1;
const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;

export function readGreeting(bytes: Uint8Array): Read<SocksGreeting, 'not_socks5' | 'no_methods'> {
  const [version, count] = bytes;
  if (version !== undefined && version !== 5) return err('not_socks5');
  if (count === undefined) return null;
  if (count === 0) return err('no_methods');
  const length = 2 + count;
  if (bytes.length < length) return null;
  return ok({ password: bytes.subarray(2, length).includes(PASSWORD), length });
}

/** Both parts must be UTF-8 and not empty. */
export function readLogin(bytes: Uint8Array): Read<SocksLogin, 'bad_login'> {
  if (bytes[0] !== undefined && bytes[0] !== 1) return err('bad_login');
  const user = counted(bytes, 1);
  if (user === null) return null;
  const password = counted(bytes, user.end);
  if (user.text === '') return err('bad_login');
  if (password === null) return null;
  if (user.text === null || password.text === null || password.text === '') return err('bad_login');
  return ok({ user: user.text, password: password.text, length: password.end });
}

export function readSocksRequest(bytes: Uint8Array): Read<SocksRequest, 'bad_request' | SocksRequestProblem> {
  const [version, command, reserved, type] = bytes;
  if ((version ?? 5) !== 5 || (reserved ?? 0) !== 0) return err('bad_request');
  if ((command ?? CONNECT) !== CONNECT) return err('bad_command');
  if (type === undefined) return null;
  const size = addressSize(type, bytes[4]);
  if (size === 'bad_address_type') return err(size);
  if (size === null || bytes.length < 4 + size + 2) return null;
  const end = 4 + size;
  const host = hostOf(type, bytes.subarray(4, end));
  if (!host.ok) return host;
  const port = ((bytes[end] ?? 0) << 8) | (bytes[end + 1] ?? 0);
  if (port === 0) return err('bad_port');
  return ok({ target: { scheme: 'tcp', host: host.value, port }, length: end + 2 });
}

/** Bytes of the address field, a name's own length byte included. */
function addressSize(type: number, first: number | undefined): number | null | 'bad_address_type' {
  if (type === IPV4) return 4;
  if (type === IPV6) return 16;
  if (type !== NAME) return 'bad_address_type';
  return first === undefined ? null : 1 + first;
}

function hostOf(type: number, field: Uint8Array): Result<Host, HostProblem> {
  if (type !== NAME) return ok(hostOfIp({ family: type === IPV4 ? 4 : 6, bytes: [...field] }));
  const name = field.subarray(1);
  // RFC 1928 says nothing of character sets: a name is the ASCII that DNS would be asked for.
  if (name.some((byte) => byte > 0x7e)) return err('bad_character');
  return parseHost(String.fromCharCode(...name));
}

/** A text with one length byte before it; null while it is not whole, its text null when it is not UTF-8. */
function counted(bytes: Uint8Array, at: number): { readonly text: string | null; readonly end: number } | null {
  const size = bytes[at];
  if (size === undefined) return null;
  const end = at + 1 + size;
  if (bytes.length < end) return null;
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(at + 1, end)), end };
  } catch {
    return { text: null, end };
  }
}
