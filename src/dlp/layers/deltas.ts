/**
 * Text that a model streams in pieces: the same field of one event after the other (server-sent events, NDJSON). The pieces
 * are joined and scanned as the text that the reader puts together. What is found in it lies in several places; its
 * replacement stands in the first, and the other places become empty, so that every event stays what it was.
 */

import type { JsonPath } from '../json-path.ts';
import { JsonTracker } from '../json-tracker.ts';
import { lastUpTo } from '../ranges.ts';

/** Where a piece stands in the text around it: the inside of a JSON string. */
export interface Piece {
  readonly start: number;
  readonly end: number;
}

/** Fields that hold text in pieces, of the usual interfaces of models. */
const STREAMED = new Set([
  ...['arguments', 'completion', 'content', 'delta', 'generated_text', 'input', 'output', 'output_text'],
  ...[
    'partial_json',
    'reasoning',
    'reasoning_content',
    'refusal',
    'response',
    'text',
    'thinking',
    'token',
    'transcript',
  ],
]);

/** Pieces of each streamed field, in order. Empty where fewer lines than `least` may be JSON: then nothing is in pieces. */
export function deltasOf(text: Buffer, least: 1 | 2): readonly (readonly Piece[])[] {
  if (!hasLines(text, least)) return [];
  const fields = new Map<string, Piece[]>();
  const plain = plainData(text);
  if (plain.length >= least) fields.set('', plain);
  new JsonTracker().advance(text, 0, text.length, (path, start, end) => {
    if (start === end || !isStreamed(path)) return;
    const name = path.join('\0');
    const pieces = fields.get(name);
    if (pieces === undefined) fields.set(name, [{ start, end }]);
    else pieces.push({ start, end });
  });
  return [...fields.values()];
}

/** The data of events that is no JSON: text as it stands, the blank behind `data:` not counted. */
function plainData(text: Buffer): Piece[] {
  const out: Piece[] = [];
  for (let at = text.indexOf('data:'); at >= 0; at = text.indexOf('\ndata:', at + 4)) {
    const line = text[at] === 0x0a ? at + 1 : at;
    if (line !== 0 && text[line - 1] !== 0x0a) continue;
    const start = line + 5 + (text[line + 5] === 0x20 ? 1 : 0);
    const newline = text.indexOf(0x0a, start);
    const last = newline < 0 ? text.length : newline;
    const end = text[last - 1] === 0x0d ? last - 1 : last;
    const first = text[start];
    if (end > start && first !== 0x7b && first !== 0x5b) out.push({ start, end });
  }
  return out;
}

/** Whether so many lines may be JSON, or the data of events. */
function hasLines(text: Buffer, least: 1 | 2): boolean {
  const first = text[0] === 0x7b || text.toString('latin1', 0, 5) === 'data:';
  if (first && least === 1) return true;
  return ['\ndata:', '\n{'].some((mark) => {
    const at = text.indexOf(mark);
    return at >= 0 && (first || least === 1 || text.indexOf(mark, at + 1) >= 0);
  });
}

function isStreamed(path: JsonPath): boolean {
  const key = path.findLast((step) => typeof step === 'string');
  return key !== undefined && STREAMED.has(key);
}

/** One streamed field, joined. */
export interface DeltaLayer {
  readonly encoding: 'delta';
  readonly decoded: Buffer;
  /** Offset in it at which each piece begins. */
  readonly begins: readonly number[];
  /** The places of `decoded[from..to)`, in order. */
  readonly parts: (from: number, to: number) => readonly Piece[];
}

export function* deltaLayers(text: Buffer): Generator<DeltaLayer> {
  for (const pieces of deltasOf(text, 2)) {
    if (pieces.length > 1) yield joined(text, pieces);
  }
}

/** Up to so many bytes a copy byte by byte is quicker than asking for one. */
const SHORT = 64;

/** Pieces of a text, put together. */
export function joined(text: Buffer, pieces: readonly Piece[]): DeltaLayer {
  /** Offset in the joined text at which each piece begins. */
  const begins: number[] = [];
  let length = 0;
  for (const { start, end } of pieces) {
    begins.push(length);
    length += end - start;
  }
  const decoded = Buffer.allocUnsafe(length);
  let to = 0;
  for (const { start, end } of pieces) {
    if (end - start > SHORT) to += text.copy(decoded, to, start, end);
    else for (let from = start; from < end; from += 1, to += 1) decoded[to] = text[from] as number;
  }
  const parts = (from: number, to: number): Piece[] => {
    const out: Piece[] = [];
    for (let i = lastUpTo(begins, from); i < pieces.length && (begins[i] as number) < to; i += 1) {
      const { start, end } = pieces[i] as Piece;
      const begin = begins[i] as number;
      out.push({ start: start + Math.max(0, from - begin), end: Math.min(end, start + to - begin) });
    }
    return out;
  };
  return { encoding: 'delta', decoded, begins, parts };
}
