/**
 * The prefilter's inner loop; `npm run build` makes src/dlp/prefilter/kernel-wasm.ts of it. The tables that it walks are
 * written by src/dlp/prefilter/image.ts, and src/dlp/prefilter/kernel.ts is the same in TypeScript: what one finds, the
 * other finds, in the same order.
 */

// Where things lie; as in image.ts.
const FLAGS: usize = 0x10000;
const SLOTS: usize = 0x20000;
const HEADER_ENTRIES: usize = 0;
const HEADER_SETS: usize = 4;
const HEADER_LISTS: usize = 8;
const HEADER_GATES: usize = 12;
const HEADER_GROUPS: usize = 16;
const HEADER_GROUP_COUNT: usize = 20;
const HEADER_ENTRY_COUNT: usize = 24;
const HEADER_HIGH: usize = 28;
const HEADER_OUT: usize = 32;
const HEADER_OUT_LIMIT: usize = 36;
const HEADER_HITS: usize = 40;
const HEADER_START: usize = 44;
const HEADER_END: usize = 48;
const HEADER_FOLLOWS: usize = 52;
const FREE_STARTS: usize = 64;
const EDGE_STARTS: usize = 80;
const EDGES: usize = 96;
const NUMBER_STARTS: usize = 112;
const NUMBERS: usize = 128;

const SPREAD: u32 = 0x3779b100;
const FOLD: u64 = 0x2020202020202020;
const LAST: u16 = 0xffff;
const ENTRY_SIZE: usize = 128;
const IS_GATE: u8 = 1;
const FOLDS: u8 = 2;
const CHECKS: usize = 64;
const OUTSIDE: usize = 256;
const ROW: usize = 257 * 16;
const PLACES: usize = 14;
const BEHIND: usize = 2;
const MOST_STEPS: u32 = 48;

let lo: usize = 0;
let hi: usize = 0;
let bare: bool = false;
let out: usize = 0;
let entries: usize = 0;
let sets: usize = 0;
let lists: usize = 0;
let gates: usize = 0;

/**
 * Looks at every place from `from` to before `to`, in the text whose start and end the header names. Stops early when there is no
 * more room for hits: gives the place to go on from. `plain` asks for texts alone, of rules that fold beyond ASCII.
 */
export function scan(from: usize, to: usize, plain: bool): usize {
  lo = load<u32>(HEADER_START);
  hi = load<u32>(HEADER_END);
  bare = plain;
  out = load<u32>(HEADER_OUT);
  entries = load<u32>(HEADER_ENTRIES);
  sets = load<u32>(HEADER_SETS);
  lists = load<u32>(HEADER_LISTS);
  gates = load<u32>(HEADER_GATES);
  const limit: usize = load<u32>(HEADER_OUT_LIMIT);
  const groups: u32 = plain ? 0 : load<u32>(HEADER_GROUP_COUNT);
  const texts: bool = load<u32>(HEADER_ENTRY_COUNT) !== 0;
  let at = from;
  for (; at < to && out <= limit; at += 16) {
    const here: u32 = to - at >= 16 ? 0xffff : (1 << u32(to - at)) - 1;
    if (groups !== 0) {
      let starts = startsAt(at) & here;
      while (starts !== 0) {
        surroundings(at + ctz(starts), groups);
        starts &= starts - 1;
      }
    }
    if (texts) {
      four(at, here);
      four(at + 4, here >> 4);
      four(at + 8, here >> 8);
      four(at + 12, here >> 12);
    }
  }
  store<u32>(HEADER_HITS, u32(out - load<u32>(HEADER_OUT)) >> 3);
  return at < to ? at : to;
}

@inline
function flagged(window: u32): u32 {
  return load<u8>(FLAGS + ((window * SPREAD) >>> 16));
}

/** Windows that begin at four places. */
@inline
function four(at: usize, here: u32): void {
  const bytes = load<u64>(at) | FOLD;
  const a = u32(bytes);
  const b = u32(bytes >> 8);
  const c = u32(bytes >> 16);
  const d = u32(bytes >> 24);
  if ((flagged(a) | flagged(b) | flagged(c) | flagged(d)) !== 0) {
    if (here & 1) probe(at, a);
    if (here & 2) probe(at + 1, b);
    if (here & 4) probe(at + 2, c);
    if (here & 8) probe(at + 3, d);
  }
}

function probe(at: usize, window: u32): void {
  const hash: usize = (window * SPREAD) >>> 16;
  if (load<u8>(FLAGS + hash) === 0) return;
  let list = lists + (<usize>load<u16>(SLOTS + (hash << 1)) << 1);
  for (let id = load<u16>(list); id !== LAST; list += 2, id = load<u16>(list)) text(id, at);
}

function text(id: u32, window: usize): void {
  const entry = entries + id * ENTRY_SIZE;
  const at = window - load<u8>(entry, 2);
  const care = load<u64>(entry, 16);
  if (((load<u64>(at) | load<u64>(entry, 32)) & care) !== load<u64>(entry, 48)) return;
  const more = load<u64>(entry, 24);
  if (more !== 0 && ((load<u64>(at, 8) | load<u64>(entry, 40)) & more) !== load<u64>(entry, 56)) return;
  const end = at + load<u8>(entry, 3);
  if (at < lo || end > hi) return;
  const flags = load<u8>(entry);
  if (bare) {
    if (flags & FOLDS) hit(id, at);
    return;
  }
  if (flags & IS_GATE) {
    if (load<u8>(gates + id) !== 0) return;
    store<u8>(gates + id, 1);
    hit(id, at);
    return;
  }
  if (checked(entry, at) && follows(load<u32>(entry, 8), end)) hit(id, at);
}

function checked(entry: usize, at: usize): bool {
  const last = entry + CHECKS + (<usize>load<u8>(entry, 4) << 2);
  for (let check = entry + CHECKS; check < last; check += 4) {
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
  let state: usize = 2;
  const end = min(hi, from + MOST_STEPS);
  for (let at = from; at < end; at += 1) {
    state = load<u8>(table + (state << 8) + load<u8>(at));
    if (state < 2) return state === 1;
  }
  return true;
}

@inline
function hit(id: u32, at: usize): void {
  store<u32>(out, id);
  store<u32>(out, u32(at), 4);
  out += 8;
}

@inline
function within(low: v128, high: v128, table: usize): u32 {
  const bits = i8x16.swizzle(i8x16(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0), high);
  return i8x16.bitmask(v128.ne<u8>(v128.and(i8x16.swizzle(v128.load(table), low), bits), v128.splat<u8>(0)));
}

/** A bit for each of sixteen places where a bare place of some rule may be. */
@inline
function startsAt(at: usize): u32 {
  const bytes = v128.load(at);
  const low = v128.and(bytes, v128.splat<u8>(15));
  const high = v128.and(v128.shr<u16>(bytes, 4), v128.splat<u8>(15));
  const before = v128.load(at - 1);
  const lowBefore = v128.and(before, v128.splat<u8>(15));
  const highBefore = v128.and(v128.shr<u16>(before, 4), v128.splat<u8>(15));
  const beyond = i8x16.bitmask(before);
  return (
    within(low, high, FREE_STARTS) |
    (within(low, high, EDGE_STARTS) & (within(lowBefore, highBefore, EDGES) | beyond)) |
    (within(low, high, NUMBER_STARTS) & (within(lowBefore, highBefore, NUMBERS) | beyond)) |
    (i8x16.bitmask(bytes) & load<u32>(HEADER_HIGH))
  );
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
