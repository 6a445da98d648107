/**
 * What signs a text holds, by one pass of vectors; `npm run build` makes src/dlp/survey/kernel-wasm.ts of it.
 * src/dlp/survey/kernel.ts is the same in TypeScript, bit for bit, and says what each bit means.
 */

// Where things lie, and the bits: as in src/dlp/survey/kernel.ts.
const EVENTS: usize = 0x100;
const MOST_EVENTS: u32 = 64;
const EVENT_COUNT: usize = 0xfc;

const PERCENT: u32 = 1;
const JSON_ESCAPE: u32 = 2;
const SOURCE_ESCAPE: u32 = 4;
const WRITTEN_END: u32 = 8;
const ENTITY: u32 = 16;
const QUOTED: u32 = 32;
const LETTERS: u32 = 64;
const ZERO: u32 = 128;
const ESCAPE: u32 = 256;
const PACKED: u32 = 512;
const DUMP: u32 = 1024;

const GAP: u32 = 1;
const TABS: u32 = 2;
const BLOCK: u32 = 4;
const BOLD: u32 = 8;
const ELEMENT: u32 = 16;
const FIELD: u32 = 32;
const DEFINE: u32 = 64;
const OBJECT_STRING: u32 = 128;
const TABLE_HEAD: u32 = 256;
const ROWS: u32 = 512;
const MARKUP: u32 = 1024;
const BOUNDARY: u32 = 2048;

@inline
function is(bytes: v128, byte: i8): v128 {
  return v128.eq<u8>(bytes, v128.splat<u8>(byte));
}

@inline
function and(one: v128, other: v128): v128 {
  return v128.and(one, other);
}

@inline
function or(one: v128, other: v128): v128 {
  return v128.or(one, other);
}

/** Bytes from `low` on, so many of them. */
@inline
function within(bytes: v128, low: i8, count: i8): v128 {
  return v128.lt<u8>(v128.sub<i8>(bytes, v128.splat<i8>(low)), v128.splat<i8>(count));
}

@inline
function digits(bytes: v128): v128 {
  return or(within(bytes, 0x30, 10), within(or(bytes, v128.splat<i8>(0x20)), 0x61, 6));
}

@inline
function letters(bytes: v128): v128 {
  return within(or(bytes, v128.splat<i8>(0x20)), 0x61, 26);
}

@inline
function told(found: v128, flag: u32): u32 {
  return v128.any_true(found) ? flag : 0;
}

/** Lanes before `to`; all of them but at the end of a text. */
@inline
function lanesBefore(at: usize, to: usize): v128 {
  const left = to - at;
  if (left >= 16) return v128.splat<i8>(-1);
  return v128.lt<u8>(i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), v128.splat<i8>(i8(left)));
}

/** Of the bytes from `from` to before `to`; eight bytes on both sides are read too. */
export function encodings(from: usize, to: usize): u32 {
  let percent = v128.splat<i8>(0);
  let json = percent;
  let source = percent;
  let written = percent;
  let entity = percent;
  let quoted = percent;
  let zero = percent;
  let escape = percent;
  let packed = percent;
  let dump = percent;
  let flags: u32 = 0;
  for (let at = from; at < to; at += 16) {
    const here = v128.load(at);
    const next = v128.load(at + 1);
    const third = v128.load(at + 2);
    const lanes = lanesBefore(at, to);
    percent = or(percent, and(and(is(here, 0x25), digits(next)), lanes));
    const slashed = and(is(here, 0x5c), lanes);
    const small = is(next, 0x75);
    json = or(json, and(slashed, or(small, is(next, 0x2f))));
    source = or(source, and(slashed, or(or(small, is(next, 0x78)), or(is(next, 0x30), is(next, 0x31)))));
    written = or(written, and(slashed, or(is(next, 0x6e), or(is(next, 0x72), is(next, 0x74)))));
    const ampersand = and(is(here, 0x26), lanes);
    if (v128.any_true(ampersand)) {
      const name = and(
        or(
          or(or(is(next, 0x6c), is(next, 0x55)), or(is(next, 0x70), is(next, 0x63))),
          or(is(next, 0x65), or(is(next, 0x73), is(next, 0x64))),
        ),
        or(or(is(third, 0x6f), is(third, 0x6e)), or(is(third, 0x65), or(is(third, 0x6c), is(third, 0x71)))),
      );
      entity = or(entity, and(ampersand, or(is(next, 0x23), name)));
    }
    const equals = and(is(here, 0x3d), lanes);
    quoted = or(
      quoted,
      and(
        equals,
        or(is(next, 10), or(and(is(next, 13), is(third, 10)), and(is(next, 0x33), is(third, 0x44)))),
      ),
    );
    zero = or(zero, and(is(here, 0), lanes));
    escape = or(escape, and(is(here, 0x1b), lanes));
    packed = or(
      packed,
      and(
        lanes,
        or(
          and(is(here, 0x1f), is(next, -117)),
          or(and(is(here, 0x28), is(next, -75)), and(is(here, 0x4b), is(next, 3))),
        ),
      ),
    );
    const zeros = and(and(is(here, 0x30), is(next, 0x30)), lanes);
    if (v128.any_true(zeros)) {
      const mark = or(is(third, 0x3a), or(is(third, 0x20), is(third, 0x30)));
      dump = or(dump, and(and(zeros, mark), is(v128.load(at + 3), 0x20)));
    }
    if ((flags & LETTERS) === 0) {
      let beyond: u32 = i8x16.bitmask(and(here, lanes));
      for (; beyond !== 0; beyond &= beyond - 1) {
        if (mayHide(at + <usize>ctz(beyond))) {
          flags |= LETTERS;
          break;
        }
      }
    }
  }
  return (
    flags |
    told(percent, PERCENT) |
    told(json, JSON_ESCAPE) |
    told(source, SOURCE_ESCAPE) |
    told(written, WRITTEN_END) |
    told(entity, ENTITY) |
    told(quoted, QUOTED) |
    told(zero, ZERO) |
    told(escape, ESCAPE) |
    told(packed, PACKED) |
    told(dump, DUMP)
  );
}

/** Whether a character that nobody sees, or one that looks like another, may begin here. */
function mayHide(at: usize): bool {
  const first = load<u8>(at);
  const second = load<u8>(at + 1);
  if (first === 0xc2) return second === 0xad;
  if (first === 0xe2) {
    if (second !== 0x80) return second === 0x81;
    const third = load<u8>(at + 2);
    return (third >= 0x8b && third <= 0x8f) || (third >= 0xaa && third <= 0xae);
  }
  if (first === 0xe1) return second === 0x85 || second === 0xa0;
  if (first === 0xe3) return second === 0x85;
  if (first === 0xef) return second === 0xb8 || (second >= 0xbb && second <= 0xbe);
  if (first === 0xf0) return second === 0x9d;
  if (first === 0xf3) return second === 0xa0;
  return (first >= 0xcd && first <= 0xd4) || first === 0xd8;
}

/** Likewise; and the lines that may be events, of which the first `MOST_EVENTS` are noted. */
export function shapes(from: usize, to: usize): u32 {
  let gap = v128.splat<i8>(0);
  let tabs = gap;
  let block = gap;
  let bold = gap;
  let element = gap;
  let field = gap;
  let define = gap;
  let object = gap;
  let head = gap;
  let rows = gap;
  let markup = gap;
  let boundary = gap;
  let count: u32 = 0;
  for (let at = from; at < to; at += 16) {
    const before = v128.load(at - 1);
    const here = v128.load(at);
    const next = v128.load(at + 1);
    const third = v128.load(at + 2);
    const lanes = lanesBefore(at, to);
    const blank = is(here, 0x20);
    const tab = is(here, 9);
    const afterWord = v128.andnot(lanes, or(is(before, 10), or(is(before, 0x20), is(before, 9))));
    const first = and(or(and(blank, is(next, 0x20)), and(tab, is(next, 9))), afterWord);
    if (v128.any_true(first)) {
      gap = or(gap, and(and(first, blank), and(is(third, 0x20), is(v128.load(at + 3), 0x20))));
      tabs = or(tabs, and(first, tab));
    }
    const bar = and(or(is(here, 0x7c), is(here, 0x3e)), and(is(before, 0x20), lanes));
    if (v128.any_true(bar)) block = or(block, and(bar, is(v128.load(at - 2), 0x3a)));
    const star = v128.andnot(and(is(here, 0x2a), lanes), is(before, 0x2a));
    if (v128.any_true(star)) {
      bold = or(bold, and(star, or(nameBegins(next), and(is(next, 0x2a), nameBegins(third)))));
    }
    const less = and(is(here, 0x3c), lanes);
    const slash = is(next, 0x2f);
    if (v128.any_true(less)) {
      const small = or(third, v128.splat<i8>(0x20));
      const one = or(or(is(small, 0x74), is(small, 0x64)), or(is(small, 0x6b), is(small, 0x6e)));
      const two = or(or(is(small, 0x62), is(small, 0x73)), or(is(small, 0x65), or(is(small, 0x6c), is(small, 0x63))));
      const closing = and(less, slash);
      element = or(element, and(closing, or(one, two)));
      head = or(head, and(and(less, is(next, 0x74)), is(third, 0x68)));
      markup = or(markup, or(closing, and(and(less, is(next, 0x21)), is(third, 0x5b))));
    }
    markup = or(markup, and(and(is(here, 0x2f), lanes), is(next, 0x3e)));
    const value = and(and(is(here, 0x61), lanes), and(is(next, 0x6c), is(third, 0x75)));
    if (v128.any_true(value)) {
      const last = v128.load(at + 4);
      const behind = or(or(is(last, 0x22), is(last, 0x27)), or(or(is(last, 0x3a), is(last, 0x3d)), space(last)));
      const all = and(value, is(v128.load(at + 3), 0x65));
      field = or(field, and(all, behind));
      rows = or(rows, and(all, is(last, 0x73)));
    }
    rows = or(rows, and(and(is(here, 0x56), lanes), and(is(next, 0x41), is(third, 0x4c))));
    rows = or(rows, and(and(is(here, 0x74), lanes), and(is(next, 0x64), is(third, 0x69))));
    define = or(define, and(and(is(here, 0x23), lanes), and(is(next, 0x64), is(third, 0x65))));
    object = or(object, and(and(is(here, 0x40), lanes), is(next, 0x22)));
    const line = and(lanes, or(is(before, 10), is(before, 13)));
    if (v128.any_true(line)) {
      boundary = or(boundary, and(and(line, is(here, 0x2d)), is(next, 0x2d)));
      const begin = or(
        or(is(here, 0x7b), is(here, 0x1e)),
        or(or(is(here, -17), is(next, 0x3a)), and(is(here, 0x64), is(next, 0x61))),
      );
      for (let left: u32 = i8x16.bitmask(and(line, begin)); left !== 0; left &= left - 1) {
        if (count < MOST_EVENTS) store<u32>(EVENTS + (<usize>count << 2), u32(at + <usize>ctz(left)));
        count += 1;
      }
    }
  }
  store<u32>(EVENT_COUNT, count);
  return (
    told(gap, GAP) |
    told(tabs, TABS) |
    told(block, BLOCK) |
    told(bold, BOLD) |
    told(element, ELEMENT) |
    told(field, FIELD) |
    told(define, DEFINE) |
    told(object, OBJECT_STRING) |
    told(head, TABLE_HEAD) |
    told(rows, ROWS) |
    told(markup, MARKUP) |
    told(boundary, BOUNDARY)
  );
}

/** Letters, what is beyond ASCII, and three signs. */
@inline
function nameBegins(bytes: v128): v128 {
  return or(
    or(letters(bytes), v128.shr<i8>(bytes, 7)),
    or(is(bytes, 0x5f), or(is(bytes, 0x24), is(bytes, 0x2e))),
  );
}

/** Blanks of ASCII and what an expression may take for one in Latin-1. */
@inline
function space(bytes: v128): v128 {
  return or(or(is(bytes, 0x20), is(bytes, -96)), within(bytes, 9, 5));
}
