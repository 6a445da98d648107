/**
 * Puts a pass into the head of a proxy request, in place of whatever credentials it came with. Pure: bytes in, bytes out.
 *
 * A head that cannot be read goes on untouched: the gate refuses it, and the refusal is on its record.
 */

import { HEAD_LIMITS, type HeaderField, HeadScan, readRequestHead } from '../wire/http-head.ts';

/** `null`: the head is not whole yet. Else what goes to the gate in place of `bytes`. */
export function stampHead(bytes: Buffer, credentials: string, scan = new HeadScan()): Buffer | null {
  const read = readRequestHead(bytes, { ...HEAD_LIMITS, scan });
  if (read === null) return null;
  if (!read.ok) return bytes;
  const { method, target, version, headers, length } = read.value;
  const kept = headers.filter(([name]) => name.toLowerCase() !== 'proxy-authorization');
  const fields = method === 'CONNECT' ? kept : closing(kept);
  const lines = [
    `${method} ${target} HTTP/${version}`,
    ...fields.map(([name, value]) => `${name}: ${value}`),
    `Proxy-Authorization: Basic ${credentials}`,
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), bytes.subarray(length)]);
}

/**
 * One request a connection: what follows the first head is relayed unread, so a second head would go without the pass. Of an
 * upgrade too: where it is refused or not taken up, the connection stays one of HTTP.
 * Other options of `Connection` stay, since they name fields that must not leave (RFC 9110 section 7.6.1).
 */
function closing(headers: readonly HeaderField[]): HeaderField[] {
  const isOption = (name: string) => /^(?:proxy-)?connection$/i.test(name);
  const options = headers
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(','))
    .map((option) => option.trim())
    .filter((option) => option !== '' && !/^(?:keep-alive|close)$/i.test(option));
  return [...headers.filter(([name]) => !isOption(name)), ['Connection', ['close', ...options].join(', ')]];
}
