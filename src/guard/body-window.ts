/**
 * One window of a body: what begins in it is acted on, and what is left is given out. All that goes from one window to the
 * next is a value, so that each may be looked at in another thread.
 */

import type { Finding, GuardAction } from '../core/finding.ts';
import type { RuleSet } from '../dlp/compiled-rules.ts';
import { type JsonPath, shownPath } from '../dlp/json-path.ts';
import { JsonPlaces } from '../dlp/json-places.ts';
import type { JsonKind } from '../dlp/json-tracker.ts';
import {
  type Container,
  type LayeredCandidate,
  type LayeredScan,
  type LayerLimits,
  lookInto,
} from '../dlp/scan-layers.ts';
import { replacementFor } from '../dlp/transform.ts';
import type { GuardContext } from './guard-context.ts';
import { inJson, type Put } from './in-json.ts';
import { actionFor, mayPassUnread } from './judge.ts';
import { isForm, kindOfText } from './kind-of-text.ts';
import { withLinesOf } from './lines.ts';
import type { Vault } from './vault.ts';
import type { WindowOutcome, WindowState } from './window-state.ts';

export interface WindowOptions {
  readonly rules: RuleSet;
  readonly context: GuardContext;
  readonly fingerprint: (secret: Uint8Array) => string;
  readonly maxFindings: number;
  /** Whether this is a placeholder that we gave out ourselves. */
  readonly isOurs: (secret: Buffer) => boolean;
  readonly vault?: Vault;
  readonly layers: LayerLimits;
}

/** How far a finding may reach beyond the window that it begins in: longer ones are cut there. */
export const REACH = 16_384;
/** How far back word boundaries and context words look. */
export const BEHIND = 1024;
/** A line that is kept whole though it begins further back. */
const LONGEST_LINE = 4096;
const LF = 0x0a;

/** Secrets in pieces that are remembered; a view holds no more. */
const MOST_TOLD = 4096;
const NOTHING = Buffer.alloc(0);

interface Step {
  /** Null: the rest of what was acted on before. */
  readonly candidate: LayeredCandidate | null;
  readonly start: number;
  readonly end: number;
}

interface Acting {
  readonly placeOf: (offset: number) => JsonPath | null;
  readonly kindOf: (offset: number) => JsonKind;
  readonly out: Uint8Array[];
}

interface Span {
  readonly view: Buffer;
  readonly start: number;
  readonly end: number;
}

interface NotePlace {
  readonly start: number;
  readonly end: number;
  readonly path: JsonPath | null;
}

interface Quoting {
  readonly view: Buffer;
  readonly kindOf: (offset: number) => JsonKind;
}

/**
 * Decides about everything that begins before `until`, an offset in the body, and gives it out. After the last window of a body nothing
 * is kept for another, and its JSON is not followed any further: in a small one that would be a tenth of the work.
 */
export function lookAtWindow(options: WindowOptions, state: WindowState, until: number, isLast = false): WindowOutcome {
  return new Window(options, state, isLast).look(until);
}

/** Of what is encoded in a text that is looked at briefly: a few bytes can stand for megabytes. */
const BRIEF_BYTES = 512 * 1024;

/** The same where others wait; null, and nothing was done, where more is encoded in it than is undone meanwhile. */
export function lookBriefly(
  options: WindowOptions,
  state: WindowState,
  until: number,
  isLast = false,
): WindowOutcome | null {
  const layers = { ...options.layers, bytes: Math.min(options.layers.bytes, BRIEF_BYTES) };
  return new Window({ ...options, layers }, state, isLast).lookIfWhole(until);
}

class Window {
  readonly #options: WindowOptions;
  readonly #json: JsonPlaces;
  readonly #letGo: number;
  readonly #told: Set<number>;
  readonly #findings: Finding[] = [];
  readonly #listed: number;
  readonly #isLast: boolean;
  #held: Buffer;
  #base: number;
  #sent: number;
  #next: number;
  #cuts: WindowState['cuts'][number][];
  #more = 0;
  #blocked = false;
  #isUnread = false;

  constructor(options: WindowOptions, state: WindowState, isLast: boolean) {
    const { held, base, sent, next, letGo, told, cuts, json, listed } = state;
    this.#options = options;
    this.#isLast = isLast;
    this.#json = new JsonPlaces(json);
    this.#held = Buffer.from(held.buffer, held.byteOffset, held.length);
    this.#base = base;
    this.#sent = sent;
    this.#next = next;
    this.#letGo = letGo;
    this.#told = new Set(told);
    this.#cuts = [...cuts];
    this.#listed = listed;
  }

  look(until: number): WindowOutcome {
    return this.#decided(until, this.#search(until));
  }

  lookIfWhole(until: number): WindowOutcome | null {
    const scan = this.#search(until);
    return scan.isWhole ? this.#decided(until, scan) : null;
  }

  #decided(until: number, scan: LayeredScan): WindowOutcome {
    const out = this.#window(until, scan);
    const state: WindowState = {
      ...{ held: this.#held, base: this.#base, sent: this.#sent, next: this.#next, letGo: this.#letGo },
      ...{ told: this.#told, cuts: this.#cuts, json: this.#json.state },
      listed: this.#listed + this.#findings.length,
    };
    const [blocked, isUnread] = [this.#blocked, this.#isUnread];
    return { out, findings: this.#findings, more: this.#more, blocked, isUnread, state };
  }

  #viewTo(until: number): Buffer {
    return this.#held.subarray(0, until + REACH - this.#base);
  }

  #search(until: number): LayeredScan {
    const { rules, context, layers } = this.#options;
    const view = this.#viewTo(until);
    const pathAt = this.#json.over(view, this.#base);
    return lookInto(
      view,
      rules,
      { host: context.host, tool: context.tool ?? '', pathAt, ...kindOfText(context) },
      layers,
    );
  }

  #window(until: number, { found, isWhole }: LayeredScan): Uint8Array[] {
    const { context } = this.#options;
    const view = this.#viewTo(until);
    const out: Uint8Array[] = [];
    const placeOf = this.#json.over(view, this.#base);
    const kindOf = this.#json.kinds(view, this.#base);
    for (const step of this.#steps(found)) {
      if (this.#isDone(step)) continue;
      if (step.start >= until) this.#putOff(step);
      else this.#act(step, view, { placeOf, kindOf, out });
      if (this.#blocked) return [];
    }
    // There may be anything in what is encoded beyond all bounds (T-34).
    this.#isUnread = !isWhole;
    this.#blocked = this.#isUnread && !mayPassUnread(context);
    if (this.#blocked) return [];
    if (this.#sent < until) {
      out.push(view.subarray(this.#sent - this.#base, until - this.#base));
      this.#sent = until;
    }
    this.#next = until;
    if (!this.#isLast) {
      this.#json.goOn(view, this.#base, until);
      this.#forget();
    }
    return out.filter((piece) => piece.length > 0);
  }

  /** What an earlier window decided about, and a placeholder of our own. */
  #isDone({ candidate, start }: Step): boolean {
    if (start < this.#next || start < this.#sent) return true;
    return candidate !== null && !candidate.within && this.#options.isOurs(candidate.secret);
  }

  /** A later piece of what was acted on is cut when its window comes, though its beginning may be out of sight then. */
  #putOff({ candidate, start, end }: Step): void {
    const goesOn = candidate === null || actionFor(candidate, this.#options.context) !== 'pass';
    if (goesOn && this.#isTold(candidate)) this.#cuts.push({ start, end });
  }

  #act({ candidate, start, end }: Step, view: Buffer, acting: Acting): void {
    const { placeOf, kindOf, out } = acting;
    const told = this.#isTold(candidate);
    const action = candidate === null ? 'redact' : actionFor(candidate, this.#options.context);
    if (candidate?.within !== undefined) {
      this.#actWithin(candidate, acting, { view, start, end });
      return;
    }
    if (candidate !== null && !told) this.#note(candidate, action, placeOf(candidate.start));
    if (action === 'block') this.#blocked = true;
    if (action === 'block' || action === 'pass') return;
    const bytes = candidate === null || told ? NOTHING : this.#replace(candidate, action);
    const put = candidate === null || told ? null : this.#quoted(candidate, bytes, { view, kindOf });
    const from = Math.max(this.#sent, put === null ? start : this.#base + put.start);
    const to = put === null ? end : Math.max(end, this.#base + put.end);
    out.push(view.subarray(this.#sent - this.#base, from - this.#base));
    out.push(this.#inPlace(view.subarray(from - this.#base, to - this.#base), put?.bytes ?? bytes));
    this.#sent = to;
  }

  #quoted({ start, end }: LayeredCandidate, bytes: Uint8Array, { view, kindOf }: Quoting): Put | null {
    const kind = kindOf(start);
    // A document that is one number has no place.
    const alone = kind === 'none' && this.#options.context.contentType.includes('json') && this.#base + start === 0;
    return inJson(view, { start, end, bytes }, alone ? 'bare' : kind);
  }

  /** What shares a place is replaced together. What cannot be written again may not pass. */
  #actWithin(candidate: LayeredCandidate, { placeOf, out }: Acting, { view, start, end }: Span): void {
    const { within } = candidate;
    if (within === undefined || this.#base + candidate.start < this.#sent) return;
    const place = { start: candidate.start, end: candidate.end, path: placeOf(candidate.start) };
    const bytes = this.#rewritten(within, place);
    if (bytes === null) return;
    out.push(view.subarray(this.#sent - this.#base, start - this.#base));
    out.push(this.#inPlace(view.subarray(start - this.#base, end - this.#base), bytes));
    this.#sent = end;
  }

  #inPlace(before: Uint8Array, bytes: Uint8Array): Uint8Array {
    return this.#options.context.keepsLines === true ? withLinesOf(before, bytes) : bytes;
  }

  /** Null where nothing of it is changed, or nothing may pass any more. */
  #rewritten({ decoded, inner, encode }: Container, place: NotePlace): Uint8Array | null {
    const parts: Uint8Array[] = [];
    let at = 0;
    for (const one of inner) {
      const bytes = one.within === undefined ? this.#inContainer(one, place) : this.#rewritten(one.within, place);
      if (this.#blocked) return null;
      if (bytes === null) continue;
      parts.push(decoded.subarray(at, one.start), bytes);
      at = one.end;
    }
    if (parts.length === 0) return null;
    const encoded = encode(Buffer.concat([...parts, decoded.subarray(at)]));
    this.#blocked = encoded === null;
    return encoded;
  }

  #inContainer(candidate: LayeredCandidate, { start, end, path }: NotePlace): Uint8Array | null {
    if (this.#options.isOurs(candidate.secret)) return null;
    const action = actionFor(candidate, this.#options.context);
    this.#note({ ...candidate, start, end }, action, path);
    if (action === 'block') this.#blocked = true;
    return action === 'block' || action === 'pass' ? null : this.#replace(candidate, action);
  }

  /** What is to be done, in order: about candidates, and about what earlier windows left to be cut. */
  #steps(candidates: readonly LayeredCandidate[]): Step[] {
    const isFirst = ({ within }: LayeredCandidate, i: number) =>
      within === undefined || candidates[i - 1]?.within !== within;
    const found = candidates.filter(isFirst).map((candidate) => ({
      candidate,
      start: Math.max(this.#base + candidate.start, this.#lateStart(candidate)),
      end: this.#base + candidate.end,
    }));
    if (this.#cuts.length === 0) return found;
    const cuts = this.#cuts.map((cut) => ({ ...cut, candidate: null }));
    this.#cuts = [];
    return [...cuts, ...found].sort((a, b) => a.start - b.start);
  }

  /** Whether it is a later piece of what was acted on already. */
  #isTold(candidate: LayeredCandidate | null): boolean {
    return (
      candidate === null || (candidate.continues !== undefined && this.#told.has(this.#base + candidate.continues))
    );
  }

  /** What began before the stream was let go on, and is complete only now: its rest is still here to be acted on. */
  #lateStart({ start, end }: LayeredCandidate): number {
    const late = this.#base + start < this.#letGo && this.#base + end > Math.max(this.#letGo, this.#sent);
    return late ? Math.max(this.#letGo, this.#sent) : -1;
  }

  #replace(candidate: LayeredCandidate, wanted: GuardAction): Uint8Array {
    const { rule, secret } = candidate;
    // Of what is late a part has gone: nothing may be told of the rest, such as its last signs.
    const isLate = this.#lateStart(candidate) >= 0 || candidate.continues !== undefined;
    const action = isLate ? 'redact' : wanted;
    const infoType = rule.spec.info_type;
    const inner =
      (action === 'tokenise' ? this.#token(candidate) : null) ??
      replacementFor(secret, {
        action,
        infoType,
        fingerprint: this.#options.fingerprint(secret),
        keep: rule.spec.mask.keep,
      }) ??
      secret;
    // In a form the brackets of a mark are written in percent.
    const isPlain = candidate.encodings.every((one) => one === 'joined') && isForm(this.#options.context);
    return isPlain ? Buffer.from(encodeURIComponent(Buffer.from(inner).toString('utf8'))) : candidate.replaced(inner);
  }

  /** Only of what comes in: what leaves is not given back. */
  #token({ rule, secret }: LayeredCandidate): Buffer | null {
    const { vault, context } = this.#options;
    if (vault === undefined || context.direction !== 'result' || context.task === '') return null;
    const { info_type: infoType, restore } = rule.spec;
    return Buffer.from(vault.put(context, { infoType, value: secret, hosts: restore.hosts }));
  }

  #note(candidate: LayeredCandidate, action: GuardAction, path: JsonPath | null): void {
    if (candidate.encodings[0] === 'delta' || candidate.encodings[0] === 'joined')
      this.#tell(this.#base + (candidate.continues ?? candidate.start));
    if (this.#listed + this.#findings.length >= this.#options.maxFindings && action !== 'block') {
      this.#more += 1;
      return;
    }
    const { rule, likelihood, start, end } = candidate;
    this.#findings.push({
      rule: rule.spec.id,
      info_type: rule.spec.info_type,
      likelihood,
      start: this.#base + start,
      end: this.#base + end,
      action,
      fingerprint: this.#options.fingerprint(candidate.secret),
      path: path === null ? null : shownPath(path),
    });
  }

  #tell(first: number): void {
    this.#told.add(first);
    // Sets keep their order: the oldest is behind us.
    for (const oldest of this.#told) {
      if (this.#told.size <= MOST_TOLD) break;
      this.#told.delete(oldest);
    }
  }

  /** Keeps what word boundaries and context words may look back at. */
  #forget(): void {
    const keep = this.#lineAt(Math.min(this.#next, this.#sent) - BEHIND);
    this.#held = Buffer.from(this.#held.subarray(keep - this.#base));
    this.#base = keep;
  }

  /**
   * Where the line begins that holds this place, unless that is far: whoever reads the text by its quotes, or line by line, must
   * not begin within a string, or what is found would depend on where a stream was cut.
   */
  #lineAt(place: number): number {
    if (place <= this.#base) return this.#base;
    const line = this.#base + this.#held.lastIndexOf(LF, place - this.#base - 1) + 1;
    return place - line <= LONGEST_LINE ? line : place;
  }
}
