/** Where our reader of heads, the door's reading of what Node's parser gives, and a strict reader of bodies differ. */

import { readAsk } from '../../src/proxy/doors/http-ask.ts';
import { pairs } from '../../src/proxy/fields.ts';
import { type RequestHead, readRequestHead } from '../../src/wire/http-head.ts';
import { parseConnectTarget } from '../../src/wire/request-target.ts';
import { type NodeReading, type NodeRequest, readByNode } from './node-reading.ts';
import { readChunks } from './strict-chunks.ts';

const INSIDE = parseConnectTarget('a.test:443');

/** Empty when all readers agree on whatever one of them accepts. */
export async function differences(bytes: Buffer): Promise<string[]> {
  const node = await readByNode(bytes);
  return [...walk(bytes, node), ...lenient(bytes, node)];
}

/** Message by message as we read them: Node must have read the very same. */
function walk(bytes: Buffer, node: NodeReading): string[] {
  let rest = bytes;
  for (let i = 0; rest.length > 0; i += 1) {
    const head = readRequestHead(rest);
    if (head === null || !head.ok) return [];
    const read = node.requests[i];
    if (!read) return refusedByNode(head.value, node, i);
    const found = sameHead(head.value, read);
    const end = found.length > 0 ? null : endOf(rest, head.value, read);
    if (typeof end !== 'number') return end === null ? found : [end];
    rest = rest.subarray(end);
  }
  return [];
}

/** Where the next request begins; null when none can, words when the readings differ. */
function endOf(rest: Buffer, head: RequestHead, read: NodeRequest): number | null | string {
  if (head.method === 'CONNECT') return null;
  const end = bodyEnd(rest.subarray(head.length), head, read);
  if (typeof end !== 'number') return end;
  const last = head.version === '1.0' || /^close$/i.test(read.req.headers.connection ?? '');
  return last ? null : head.length + end;
}

/** Methods are Node's own list; any other refusal of what we take is ours to refuse too. */
function refusedByNode(head: RequestHead, node: NodeReading, index: number): string[] {
  if (node.error === 'HPE_INVALID_METHOD') return [];
  return [`request ${index} (${head.method}) is taken by us, and by Node not: ${node.error}`];
}

function sameHead(head: RequestHead, { req }: NodeRequest): string[] {
  const ours = [head.method, head.target, head.version, head.headers];
  const theirs = [req.method, req.url, req.httpVersion, pairs(req.rawHeaders)];
  const [a, b] = [JSON.stringify(ours), JSON.stringify(theirs)];
  return a === b ? [] : [`heads differ: ${a} and ${b}`];
}

/** Bytes that the body took; null when it is not over; words when the readings differ. */
function bodyEnd(rest: Buffer, { framing }: RequestHead, read: NodeRequest): number | null | string {
  if (framing.kind === 'chunked') return chunkedEnd(rest, read);
  const length = framing.kind === 'length' ? framing.length : 0;
  if (rest.length < length) return read.complete ? 'a body that is cut was taken as whole' : null;
  if (!read.complete) return 'a whole body is taken as cut';
  return read.body.equals(rest.subarray(0, length)) ? length : 'bodies differ';
}

function chunkedEnd(rest: Buffer, read: NodeRequest): number | null | string {
  const strict = readChunks(rest);
  if (typeof strict === 'string') return read.complete ? `a body that is ${strict} was taken as whole` : null;
  if (!read.complete) return null;
  return strict.body.equals(read.body) ? strict.length : 'chunked bodies differ';
}

/** What our checks of fields, which h2 shares, would take of Node's reading must be taken by our reader too. */
function lenient(bytes: Buffer, node: NodeReading): string[] {
  const [first] = node.requests;
  if (!first || !INSIDE.ok) return [];
  const { httpVersion: version, method = '', url = '', rawHeaders } = first.req;
  // llhttp reads 0.9 and 2.0 in a request line too; nothing of either is spoken here.
  if (version !== '1.0' && version !== '1.1') return [];
  const raw = { method, target: url, version, headers: pairs(rawHeaders) } as const;
  const taken = [null, INSIDE.value].some((within) => readAsk(raw, within, 100).problem === null);
  if (!taken) return [];
  const head = readRequestHead(Buffer.from(forgiven(bytes.toString('latin1')), 'latin1'));
  if (head?.ok) return [];
  return [`taken by the checks of fields, refused as a head: ${head === null ? 'cut' : head.error}`];
}

/**
 * Empty lines before a request (RFC 9112 section 2.2), blanks between method and target, and the names of the protocols that
 * llhttp reads besides have one reading only; what goes on is written anew.
 */
function forgiven(text: string): string {
  const begun = text.replace(/^[\r\n]+/, '').replace(/^([A-Z-]+) +/, '$1 ');
  return begun.replace(/^(\S+ \S+) (?:RTSP|ICE)\/1\./, '$1 HTTP/1.');
}
