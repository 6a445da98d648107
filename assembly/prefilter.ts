/**
 * The prefilter's inner loop; `npm run build` makes src/dlp/prefilter/kernel-wasm.ts of it. The tables that it walks are
 * written by src/dlp/prefilter/image.ts, and src/dlp/prefilter/kernel.ts is the same in TypeScript: what one finds, the
 * other finds, in the same order.
 */

// Where things lie; as in layout.ts.
const SLOTS: usize = 0x10000;
const SLOT_SHIFT: u32 = 3;
const FLAGS: usize = 0x20000;
const LOW_CLASSES: usize = 0x1000;
const HIGH_CLASSES: usize = 0x1010;
const CLASSES: usize = 0x1020;
const HEADER_TEXTS: usize = 0;
const HEADER_SETS: usize = 4;
const HEADER_LISTS: usize = 8;
const HEADER_GROUPS: usize = 12;
const HEADER_GROUP_COUNT: usize = 16;
const HEADER_ENTRY_COUNT: usize = 20;
const HEADER_OUT: usize = 24;
const HEADER_OUT_LIMIT: usize = 28;
const HEADER_HITS: usize = 32;
const HEADER_START: usize = 36;
const HEADER_END: usize = 40;
const HEADER_FOLLOWS: usize = 44;
const HEADER_EIGHTS: usize = 48;
const STARTS_MARKED: usize = 0x2000;
const WINDOWS_MARKED: usize = 0x2400;
const BATCH: usize = 4096;
const START_CLASSES: usize = 0x1200;
const CLASSIFIED: usize = 0x3000;
const CLASSIFIED_BEFORE: usize = 16;
const CLASSIFIED_AFTER: usize = 32;
const BUCKETS: usize = 128;
const BUCKETS_SIZE: usize = 16 * 9;

const SPREAD: u32 = 0x3779b100;
const FOLD: u32 = 0x20202020;
const AROUND_BEFORE: usize = 4;
const ITEM_SHIFT: usize = 5;
const ITEM_SIZE: usize = 1 << ITEM_SHIFT;
const ITEM_WINDOW: usize = 16;
const ITEM_LAST: usize = 19;
const ITEM_TEXT: usize = 20;
const WINDOW: u32 = 0xffffff;
const TEXT_SIZE: usize = 64;
const LOOKUP_SIZE: usize = 4 + 257 * 4;
const RULE_SIZE: usize = 80;
const CHECKS: usize = 16;
const FOLDS: u8 = 1;
const OUTSIDE: usize = 256;
const ROW: usize = 257 * 16;
const PLACES: usize = 14;
const BEHIND: usize = 2;
const MOST_STEPS: u32 = 160;
const TAKES_ALL: usize = 1;
const FIRST_ROW: usize = 2;

let lo: usize = 0;
let hi: usize = 0;
let bare: bool = false;
let out: usize = 0;
let texts: usize = 0;
let sets: usize = 0;
let lists: usize = 0;

/**
 * Looks at every place from `from` to before `to`, in the text whose start and end the header names. Stops early when there is no
 * more room for hits: gives the place to go on from. `plain` asks for texts alone, of rules that fold beyond ASCII.
 */
export function scan(from: usize, to: usize, plain: bool): usize {
  lo = load<u32>(HEADER_START);
  hi = load<u32>(HEADER_END);
  bare = plain;
  out = load<u32>(HEADER_OUT);
  texts = load<u32>(HEADER_TEXTS);
  sets = load<u32>(HEADER_SETS);
  lists = load<u32>(HEADER_LISTS);
  const limit: usize = load<u32>(HEADER_OUT_LIMIT);
  const groups: u32 = plain ? 0 : load<u32>(HEADER_GROUP_COUNT);
  const some: bool = load<u32>(HEADER_ENTRY_COUNT) !== 0;
  let at = from;
  while (at < to && out <= limit) {
    const marked = mark(at, min(to, at + BATCH), groups !== 0, some);
    if (some && !plain) narrow(at, marked);
    for (let word: usize = 0; word < marked && out <= limit; word += 8, at += 64) {
      for (let starts = load<u64>(STARTS_MARKED + word); starts !== 0; starts &= starts - 1) {
        surroundings(at + <usize>ctz(starts), groups);
      }
      for (let fit = load<u64>(WINDOWS_MARKED + word); fit !== 0; fit &= fit - 1) {
        const place = at + <usize>ctz(fit);
        probe(place, load<u32>(place) | FOLD);
      }
    }
  }
  store<u32>(HEADER_HITS, u32(out - load<u32>(HEADER_OUT)) >> 3);
  return at < to ? at : to;
}

/**
 * A bit for each place where something may be: first for all of a batch, because what is done with some of them and cannot be foretold
 * would stop the vectors of the next again and again. Gives the bytes of bits, eight for 64 places.
 */
function mark(from: usize, to: usize, starting: bool, windowed: bool): usize {
  const eights: u32 = load<u32>(HEADER_EIGHTS);
  let bits: usize = 0;
  if (starting) classify(from, to);
  for (let at = from; at < to; at += 16, bits += 2) {
    const here: u32 = to - at >= 16 ? 0xffff : (1 << u32(to - at)) - 1;
    const classified = CLASSIFIED + CLASSIFIED_BEFORE + (at - from);
    store<u16>(STARTS_MARKED + bits, starting ? (startsAt(classified, eights) | u32(at === lo)) & here : 0);
    store<u16>(WINDOWS_MARKED + bits, windowed ? windowsAt(at) & here : 0);
  }
  for (; (bits & 7) !== 0; bits += 2) {
    store<u16>(STARTS_MARKED + bits, 0);
    store<u16>(WINDOWS_MARKED + bits, 0);
  }
  return bits;
}

/** The flags of the windows at eight places. */
@inline
function flagsOfEight(at: usize): v128 {
  let flags = v128.splat<u16>(0);
  flags = v128.load_lane<u16>(flagAt(at), flags, 0);
  flags = v128.load_lane<u16>(flagAt(at + 1), flags, 1);
  flags = v128.load_lane<u16>(flagAt(at + 2), flags, 2);
  flags = v128.load_lane<u16>(flagAt(at + 3), flags, 3);
  flags = v128.load_lane<u16>(flagAt(at + 4), flags, 4);
  flags = v128.load_lane<u16>(flagAt(at + 5), flags, 5);
  flags = v128.load_lane<u16>(flagAt(at + 6), flags, 6);
  return v128.load_lane<u16>(flagAt(at + 7), flags, 7);
}

@inline
function flagAt(at: usize): usize {
  return FLAGS + ((((load<u32>(at) | FOLD) * SPREAD) >>> 16) << 1);
}

/** Of each of sixteen bytes. */
@inline
function classes(at: usize): v128 {
  const bytes = v128.load(at);
  return v128.and(
    i8x16.relaxed_swizzle(v128.load(LOW_CLASSES), lowHalf(bytes)),
    i8x16.relaxed_swizzle(v128.load(HIGH_CLASSES), highHalf(bytes)),
  );
}

/** Lanes where both halves hold something. */
@inline
function both(halves: v128): v128 {
  return v128.eq<u16>(v128.ne<u8>(halves, v128.splat<u8>(0)), v128.splat<u16>(0xffff));
}

/** A bit for each of sixteen places where a text may have its window, by that and the bytes beside it. */
@inline
function windowsAt(at: usize): u32 {
  const one = flagsOfEight(at);
  const two = flagsOfEight(at + 8);
  if (bare) {
    const none = v128.splat<u16>(0);
    return i8x16.bitmask(i8x16.narrow_i16x8_s(v128.ne<u16>(one, none), v128.ne<u16>(two, none)));
  }
  const next = classes(at + 3);
  const before = classes(at - 1);
  const beside = v128.shuffle<u8>(next, before, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const further = v128.shuffle<u8>(next, before, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  return i8x16.bitmask(i8x16.narrow_i16x8_s(both(v128.and(one, beside)), both(v128.and(two, further))));
}

/** Of a batch's marked windows those that stay where sixteen bytes around each are looked at, in one go and without a branch. */
function narrow(from: usize, marked: usize): void {
  for (let word: usize = 0; word < marked; word += 8, from += 64) {
    let left: u64 = 0;
    for (let fit = load<u64>(WINDOWS_MARKED + word); fit !== 0; fit &= fit - 1) {
      const bit = ctz(fit);
      left |= u64(mayStand(from + <usize>bit)) << bit;
    }
    store<u64>(WINDOWS_MARKED + word, left);
  }
}

@inline
function mayStand(at: usize): bool {
  const head = listOf(load<u32>(at) | FOLD);
  const around = classes(at - AROUND_BEFORE);
  return fits(head, around) | fits(head + 16, around);
}

/** The list of a window: its head. */
@inline
function listOf(window: u32): usize {
  const slot: usize = (window * SPREAD) >>> (16 + SLOT_SHIFT);
  return lists + (<usize>load<u16>(SLOTS + (slot << 1)) << ITEM_SHIFT);
}

@inline
function fits(vector: usize, around: v128): bool {
  return v128.all_true<u8>(v128.and(v128.load(vector), around));
}

function probe(at: usize, window: u32): void {
  const around = bare ? v128.splat<u8>(255) : classes(at - AROUND_BEFORE);
  for (let item = listOf(window) + ITEM_SIZE; ; item += ITEM_SIZE) {
    if (((load<u32>(item, ITEM_WINDOW) ^ window) & WINDOW) === 0 && fits(item, around)) {
      text(texts + <usize>load<u16>(item, ITEM_TEXT) * TEXT_SIZE, at);
    }
    if (load<u8>(item, ITEM_LAST) !== 0) return;
  }
}

function text(entry: usize, window: usize): void {
  const at = window - load<u8>(entry, 1);
  const care = load<u64>(entry, 16);
  if (((load<u64>(at) | load<u64>(entry, 32)) & care) !== load<u64>(entry, 48)) return;
  const more = load<u64>(entry, 24);
  if (more !== 0 && ((load<u64>(at, 8) | load<u64>(entry, 40)) & more) !== load<u64>(entry, 56)) return;
  const end = at + load<u8>(entry, 2);
  if (at < lo || end > hi) return;
  const flags = load<u8>(entry);
  const count = load<u32>(entry, 4);
  const rules: usize = load<u32>(entry, 8);
  if (bare) {
    if (flags & FOLDS) {
      for (let i: u32 = 0; i < count; i += 1) hit(load<u32>(rules + i * RULE_SIZE), at);
    }
    return;
  }
  let fit: u32 = <u32>-1 >>> (32 - count);
  const lookups: u32 = load<u8>(entry, 3);
  let lookup: usize = load<u32>(entry, 12);
  for (let i: u32 = 0; i < lookups; i += 1, lookup += LOOKUP_SIZE) {
    fit &= load<u32>(lookup + (byteAt(at + load<i32>(lookup)) << 2), 4);
    if (fit === 0) return;
  }
  for (; fit !== 0; fit &= fit - 1) {
    const rule = rules + <usize>ctz(fit) * RULE_SIZE;
    if (checked(rule, at) && follows(load<u32>(rule, 4), end)) hit(load<u32>(rule), at);
  }
}

function checked(rule: usize, at: usize): bool {
  const last = rule + CHECKS + (<usize>load<u32>(rule, 8) << 2);
  for (let check = rule + CHECKS; check < last; check += 4) {
    const place: usize = at + load<i8>(check);
    if (place < lo || place >= hi) {
      if (load<u8>(check, 1) === 0) return false;
    } else {
      const byte = load<u8>(place);
      const set = sets + (<usize>load<u16>(check, 2) << 5);
      if (((load<u8>(set + (byte >> 3)) >> (byte & 7)) & 1) === 0) return false;
    }
  }
  return true;
}

/** What comes after, by the automaton of the rule; where it is not known to fail, it may fit. */
function follows(table: usize, from: usize): bool {
  if (table === 0) return true;
  let row: usize = FIRST_ROW;
  const end = min(hi, from + MOST_STEPS);
  for (let at = from; at < end; at += 1) {
    const column: usize = load<u8>(table + <usize>load<u8>(at));
    row = load<u16>(table + row + (column << 1), 256 - FIRST_ROW);
    if (row < FIRST_ROW) return row === TAKES_ALL;
  }
  return true;
}

@inline
function hit(id: u32, at: usize): void {
  store<u32>(out, id);
  store<u32>(out, u32(at), 4);
  out += 8;
}

/** The class of each byte of a batch and beside it, as places are told apart by them. */
function classify(from: usize, to: usize): void {
  let into = CLASSIFIED;
  for (let at = from - CLASSIFIED_BEFORE; at < to + CLASSIFIED_AFTER; at += 16, into += 16) {
    const bytes = v128.load(at);
    const low = v128.or(inColumn(bytes, 0), v128.or(inColumn(bytes, 1), inColumn(bytes, 2)));
    const high = v128.or(inColumn(bytes, 3), v128.or(inColumn(bytes, 4), inColumn(bytes, 5)));
    v128.store(into, v128.or(low, high));
  }
}

/** Of those bytes that are among sixteen in a row of ASCII, from 32 on; zero of others. */
@inline
function inColumn(bytes: v128, column: usize): v128 {
  const first = v128.splat<u8>(u8(32 + 16 * column));
  return v128.swizzle(v128.load(START_CLASSES + 16 * column), v128.sub<u8>(bytes, first));
}

/** The buckets of eight that have the class at one offset from each of sixteen places. */
@inline
function having(classes: v128, table: usize): v128 {
  return i8x16.relaxed_swizzle(v128.load(table), classes);
}

@inline
function lowHalf(bytes: v128): v128 {
  return v128.and(bytes, v128.splat<u8>(15));
}

@inline
function highHalf(bytes: v128): v128 {
  return v128.and(v128.shr<u16>(bytes, 4), v128.splat<u8>(15));
}

/**
 * A bit for each of sixteen places where a bare place of some rule may be, by the classes of the byte before and of eight from it on:
 * to leave off where none is left costs more than it saves, as it cannot be foretold. `eights` is known where this is compiled.
 */
@inline
function startsIn(at: usize, eights: u32): u32 {
  const before = v128.load(at - 1);
  const b0 = v128.load(at);
  const b1 = v128.load(at + 1);
  const b2 = v128.load(at + 2);
  const b3 = v128.load(at + 3);
  const b4 = v128.load(at + 4);
  const b5 = v128.load(at + 5);
  const b6 = v128.load(at + 6);
  const b7 = v128.load(at + 7);
  let left = v128.splat<u8>(0);
  for (let eight: u32 = 0, table = BUCKETS; eight < eights; eight += 1, table += BUCKETS_SIZE) {
    const first = v128.and(having(before, table), v128.and(having(b0, table + 16), having(b1, table + 32)));
    const second = v128.and(having(b2, table + 48), v128.and(having(b3, table + 64), having(b4, table + 80)));
    const third = v128.and(having(b5, table + 96), v128.and(having(b6, table + 112), having(b7, table + 128)));
    left = v128.or(left, v128.and(first, v128.and(second, third)));
  }
  return i8x16.bitmask(v128.ne<u8>(left, v128.splat<u8>(0)));
}

@inline
function startsAt(at: usize, eights: u32): u32 {
  if (eights === 1) return startsIn(at, 1);
  if (eights === 2) return startsIn(at, 2);
  return startsIn(at, 3);
}

@inline
function byteAt(at: usize): usize {
  return at < lo || at >= hi ? OUTSIDE : <usize>load<u8>(at);
}

@inline
function row(table: usize, place: usize, byte: usize): v128 {
  return v128.load(table + place * ROW + (byte << 4));
}

/** The rules whose bare place may be here: 128 at once, by the bytes around it. */
function surroundings(at: usize, groups: u32): void {
  let id: u32 = load<u32>(HEADER_ENTRY_COUNT);
  let table: usize = load<u32>(HEADER_GROUPS);
  const inside = at >= lo + BEHIND && at + (PLACES - BEHIND) <= hi;
  for (let group: u32 = 0; group < groups; group += 1, id += 128, table += ROW * PLACES) {
    const fit = inside ? fittingInside(table, at) : fittingAtEdge(table, at);
    if (!v128.any_true(fit)) continue;
    bits(v128.extract_lane<u64>(fit, 0), id, at);
    bits(v128.extract_lane<u64>(fit, 1), id + 64, at);
  }
}

@inline
function fittingInside(table: usize, at: usize): v128 {
  let fit = v128.and(row(table, 2, load<u8>(at)), row(table, 3, load<u8>(at, 1)));
  fit = v128.and(fit, row(table, 1, load<u8>(at - 1)));
  if (!v128.any_true(fit)) return fit;
  fit = v128.and(fit, v128.and(row(table, 4, load<u8>(at, 2)), row(table, 5, load<u8>(at, 3))));
  if (!v128.any_true(fit)) return fit;
  fit = v128.and(fit, v128.and(row(table, 6, load<u8>(at, 4)), row(table, 7, load<u8>(at, 5))));
  if (!v128.any_true(fit)) return fit;
  for (let place: usize = 8; place < PLACES; place += 1) {
    fit = v128.and(fit, row(table, place, load<u8>(at + place - BEHIND)));
  }
  return v128.and(fit, row(table, 0, load<u8>(at - 2)));
}

/** Where the text ends or begins near. */
function fittingAtEdge(table: usize, at: usize): v128 {
  let fit = row(table, 0, byteAt(at - 2));
  for (let place: usize = 1; place < PLACES; place += 1) {
    fit = v128.and(fit, row(table, place, byteAt(at + place - BEHIND)));
  }
  return fit;
}

function bits(left: u64, id: u32, at: usize): void {
  const tables: usize = load<u32>(HEADER_FOLLOWS) - (<usize>load<u32>(HEADER_ENTRY_COUNT) << 2);
  for (; left !== 0; left &= left - 1) {
    const index = id + u32(ctz(left));
    if (follows(load<u32>(tables + (<usize>index << 2)), at)) hit(index, at);
  }
}
