/** Where things lie in the memory that the prefilter's inner loop walks; as in assembly/prefilter.ts. */

/** By the first bits of the hash of a window: where its list begins, in items, its head counted as one. */
export const SLOTS = 0x10000;
export const SLOT_SHIFT = 3;
/**
 * By the hash of a window of three folded bytes: which bytes may stand after it, and which before it, a bit for each class
 * (byte-classes.ts). None where no text has the window.
 */
export const FLAGS = 0x20000;
export const LISTS = 0x40000;
/** Classes of bytes: by the low half and by the high half, and of each byte. */
export const LOW_CLASSES = 0x1000;
export const HIGH_CLASSES = 0x1010;
export const CLASSES = 0x1020;
/** Of the ASCII bytes from 32 on: the class by which places are told apart, below sixteen; of all others it is zero. */
export const START_CLASSES = 0x1200;
export const FIRST_CLASSIFIED = 32;
export const CLASSIFIED = 96;
/**
 * Up to three times eight buckets of places, the tables of each eight behind those before: for the byte before a place and each of
 * the first bytes of it, the buckets that have its class there, a bit for each.
 */
export const BUCKETS = 128;
export const START_BYTES = 8;
export const BUCKETS_SIZE = 16 * (1 + START_BYTES);
export const MOST_BUCKETS = 24;
/**
 * Places between two looks at how much room for hits is left. The bits of what may be there are noted from 0x2000 to 0x2800, classes
 * of bytes from 0x3000 to 0x4100.
 */
export const AT_ONCE = 64;
/** Fields of the header, in words. */
export const HEADER = {
  texts: 0,
  sets: 1,
  lists: 2,
  groups: 3,
  groupCount: 4,
  entryCount: 5,
  out: 6,
  outLimit: 7,
  hits: 8,
  start: 9,
  end: 10,
  follows: 11,
  /** Eights of buckets: one to three. */
  eights: 12,
} as const;

/**
 * Bytes around a window that are looked at by their classes, from so many before it: first by the two vectors of a list's head, of
 * which one has what may stand around any of its texts, then by that of each.
 */
export const AROUND = 16;
export const AROUND_BEFORE = 4;
/** An item of a list: what may stand around the window, the window folded, whether it is the last, and the number of the text. */
export const ITEM_SIZE = 32;
export const ITEM_WINDOW = 16;
export const ITEM_LAST = 19;
export const ITEM_TEXT = 20;

/**
 * A text: its flags, where its window is, its length, how many lookups, how many rules, the first of them, the table of its
 * lookups; then sixteen bytes each of which bits count, which are set, and what there must be.
 */
export const TEXT_SIZE = 64;
export const FOLDS = 1;
/** Rules of one text that are told apart at once, a bit each. */
export const MOST_RULES = 32;
/** A lookup: at which place, then for each byte there, and for what is beyond the text, the rules that allow it. */
export const LOOKUP_SIZE = 4 + 257 * 4;

/** A rule of a text: the entry, its automaton, how many checks; then those, of four bytes. */
export const RULE_SIZE = 80;
export const CHECKS = 16;
export const MOST_CHECKS = 16;

/** Places around a bare place that are looked at: two before it, itself, eleven after it. */
export const BEHIND = 2;
export const PLACES = 14;
export const AHEAD = PLACES - BEHIND;
export const ROW = 257 * 16;
/** Places that are looked at at once. */
export const GROUP = 128;
/**
 * An automaton: the column of each byte, then its rows, in each where the next one lies, for each column. In place of a row it may fail
 * (zero), or take whatever follows; those are no rows, and the first one lies behind them.
 */
export const TAKES_ALL = 1;
export const STATES = 2;
export const FIRST_ROW = 2;
/** Bytes that the automaton is run over. */
export const MOST_STEPS = 160;
/** Longest text that is compared. */
export const MOST_TEXT = 16;
/** Text that is looked at at once; what is around it comes with it. */
export const CHUNK = 128 * 1024;
/** How far before and after its place an entry may look: its checks before; its text and the automaton behind that. */
export const LOOKS_BEFORE = 16;
export const LOOKS_AFTER = MOST_TEXT + MOST_STEPS;
/** As far as either, so that where a text is cut makes no difference. */
export const MARGIN = Math.max(LOOKS_BEFORE, LOOKS_AFTER);

const SPREAD = 0x3779b100;

/** Of a window of three folded bytes, the first the lowest. */
export function hashOf(window: number): number {
  return Math.imul(window, SPREAD) >>> 16;
}
