/**
 * Which values of events belong together: those of one field, in order. Where answers come side by side (choices of a
 * model, blocks, calls of tools), each says beside its text which one it goes on with: a number or a name that comes back
 * in other events. Nothing is known of what such a field is called; what comes back, and is not always the same, tells.
 */

import { addAll } from '../../core/large-lists.ts';
import { type Shapes, shapesOf } from '../survey/survey.ts';
import type { Piece } from './deltas.ts';
import { type EventValues, eventValues, hasEvents } from './event-values.ts';

/** Longer values are no parts of keys. */
const LONGEST_PART = 512;
/** Longer values name no lane. */
const LONGEST_NAME = 64;
/** More lanes than this do not lie side by side: what has so many values is text, or counts. */
const MOST_NAMES = 32;
const MOST_SLOTS = 4;

/** Fields that hold text in pieces, of the usual interfaces of models; and what is all of its line. */
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
  ...['argsTextDelta', ':da', ':0:', ':g:'],
]);

export interface Lanes {
  /** Text of a model: searched as the reader puts it together. */
  readonly texts: readonly (readonly Piece[])[];
  /** Any field that says something else in each event: searched for parts of keys. */
  readonly parts: readonly (readonly Piece[])[];
}

const NONE: Lanes = { texts: [], parts: [] };

/** Empty where fewer lines than `least` are events. */
export function lanesOf(text: Buffer, least: 1 | 2, shapes: Shapes = shapesOf(text)): Lanes {
  if (!hasEvents(text, least, shapes)) return NONE;
  const values = eventValues(text);
  const byField = fieldsOf(values);
  const slots = slotsOf(text, values, byField);
  const texts: Piece[][] = [];
  const parts: Piece[][] = [];
  for (const [field, all] of byField.entries()) {
    const own = all.filter((i) => values.isString[i] === true);
    if (own.length < least) continue;
    const name = values.names[field] as string;
    const beside = slots.filter((slot) => slot.field !== field);
    if (STREAMED.has(name)) {
      const places = beside.filter(({ isPlaces }) => isPlaces);
      addAll(texts, grouped(values, own, places));
      if (beside.length > places.length) addAll(texts, grouped(values, own, beside));
      if (places.length > 0) addAll(parts, lanesOfParts(values, own, []));
    } else if (isVaried(text, values, own)) addAll(parts, lanesOfParts(values, own, beside));
  }
  return { texts: texts.filter(({ length }) => length >= least), parts: parts.filter(({ length }) => length >= least) };
}

function fieldsOf({ fields, names }: EventValues): number[][] {
  const out: number[][] = names.map(() => []);
  for (let i = 0; i < fields.length; i += 1) (out[fields[i] as number] as number[]).push(i);
  return out;
}

/** In order whatever lane they are in, by all that tells lanes apart, and by each of it. */
function lanesOfParts(values: EventValues, own: readonly number[], slots: readonly Slot[]): Piece[][] {
  const short = own.filter((i) => (values.ends[i] as number) - (values.starts[i] as number) <= LONGEST_PART);
  const telling = slots.filter((slot) => slot.isRepeated && short.some((i) => nameIn(values, i, slot) !== undefined));
  const out = [short.map((i) => pieceOf(values, i))];
  if (telling.length > 0) addAll(out, grouped(values, short, telling));
  if (telling.length > 1) for (const slot of telling) addAll(out, grouped(values, short, [slot]));
  return out;
}

function pieceOf({ starts, ends }: EventValues, i: number): Piece {
  return { start: starts[i] as number, end: ends[i] as number };
}

function isVaried(text: Buffer, { starts, ends }: EventValues, own: readonly number[]): boolean {
  const [first, ...rest] = own as [number, ...number[]];
  const [from, to] = [starts[first] as number, ends[first] as number];
  return rest.length === 0 || rest.some((i) => !isSame(text, [from, to], [starts[i] as number, ends[i] as number]));
}

function isSame(text: Buffer, [from, to]: readonly [number, number], [start, end]: readonly [number, number]): boolean {
  if (end - start !== to - from) return false;
  for (let i = 0; i < end - start; i += 1) if (text[from + i] !== text[start + i]) return false;
  return true;
}

/** What may tell lanes apart: the name of the lane, by what holds it. */
interface Slot {
  readonly field: number;
  readonly names: ReadonlyMap<number, string | number>;
  /** They are places in a list. */
  readonly isPlaces: boolean;
  /** Some name comes more than once. */
  readonly isRepeated: boolean;
}

function slotsOf(text: Buffer, values: EventValues, byField: readonly (readonly number[])[]): Slot[] {
  const out: Slot[] = [];
  for (const [field, own] of byField.entries()) {
    if (own.length < 2 || out.length >= MOST_SLOTS) continue;
    const slot = slotOf(text, values, own);
    if (slot !== null) out.push({ field, ...slot });
  }
  return out;
}

function slotOf(text: Buffer, values: EventValues, own: readonly number[]): Omit<Slot, 'field'> | null {
  const { starts, ends, holders } = values;
  const isPlaces = ends[own[0] as number] === -1;
  const names = new Map<number, string | number>();
  const different = new Set<string | number>();
  if (!isPlaces && !isVaried(text, values, own)) return null;
  for (const i of own) {
    const [start, end] = [starts[i] as number, ends[i] as number];
    if (end - start > LONGEST_NAME) return null;
    const name = isPlaces ? start : text.toString('latin1', start, end);
    names.set(holders[i] as number, name);
    different.add(name);
    if (!isPlaces && different.size > MOST_NAMES) return null;
  }
  const isRepeated = different.size < own.length;
  return different.size > 1 && (isPlaces || isRepeated) ? { names, isPlaces, isRepeated } : null;
}

function nameIn({ holders, parents }: EventValues, i: number, slot: Slot): string | number | undefined {
  for (let holder = holders[i] as number; holder >= 0; holder = parents[holder] as number) {
    const name = slot.names.get(holder);
    if (name !== undefined) return name;
  }
  return undefined;
}

function grouped(values: EventValues, own: readonly number[], slots: readonly Slot[]): Piece[][] {
  if (slots.length === 0) return [own.map((i) => pieceOf(values, i))];
  const lanes = new Map<string, Piece[]>();
  for (const i of own) {
    const name = slots.map((slot) => nameIn(values, i, slot) ?? '').join('\0');
    const lane = lanes.get(name);
    if (lane === undefined) lanes.set(name, [pieceOf(values, i)]);
    else lane.push(pieceOf(values, i));
  }
  return [...lanes.values()];
}
