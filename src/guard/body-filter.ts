/**
 * A streaming filter over one body. However the body is cut into chunks, the output and the verdict are the same:
 * windows begin at fixed offsets of the body, never at the edge of a chunk. Memory is bounded by two windows.
 */

import type { Finding, GuardAction, Verdict } from '../core/finding.ts';
import type { RuleSet } from '../dlp/compiled-rules.ts';
import { type JsonPath, shownPath } from '../dlp/json-path.ts';
import { type JsonKind, JsonPlaces } from '../dlp/json-tracker.ts';
import { type Container, type LayeredCandidate, type LayerLimits, scanLayers } from '../dlp/scan-layers.ts';
import { replacementFor } from '../dlp/transform.ts';
import type { GuardContext } from './guard-context.ts';
import { inJson, type Put } from './in-json.ts';
import { actionFor, verdictOf } from './judge.ts';
import { isForm, kindOfText } from './kind-of-text.ts';
import { quietEnd } from './quiet-end.ts';
import type { Vault } from './vault.ts';

export interface BodyFilter {
  /** Bytes that may go on now. */
  push(chunk: Uint8Array): Uint8Array[];
  /** Called when the stream has been quiet: bytes up to where nothing seems to be under way; see `quietEnd`. */
  idle(): Uint8Array[];
  end(): Uint8Array[];
  verdict(): Verdict;
  /** True once something was found that may not pass at all; nothing more comes out. */
  readonly blocked: boolean;
}

export interface BodyFilterOptions {
  readonly rules: RuleSet;
  readonly context: GuardContext;
  readonly fingerprint: (secret: Uint8Array) => string;
  readonly maxFindings: number;
  /** Whether this is a placeholder that we gave out ourselves. */
  readonly isOurs: (secret: Buffer) => boolean;
  readonly vault?: Vault;
  readonly layers: LayerLimits;
}

/** A window decides about the findings that begin in it. */
const WINDOW = 65_536;
/** How far a finding may reach beyond the window that it begins in: longer ones are cut there. */
const REACH = 16_384;
/** How far back word boundaries and context words look. */
const BEHIND = 1024;

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

export function bodyFilter(options: BodyFilterOptions): BodyFilter {
  return new WindowedFilter(options);
}

class WindowedFilter implements BodyFilter {
  readonly #options: BodyFilterOptions;
  readonly #json = new JsonPlaces();
  /** Bytes not yet decided about, with up to `BEHIND` decided ones before them. */
  #held = Buffer.alloc(0);
  /** What came since, not yet put together: many small pieces must not be copied again for each of them. */
  #pieces: Uint8Array[] = [];
  #piecesLength = 0;
  /** Offset of `#held[0]` in the body. */
  #base = 0;
  /** Offset in the body up to which output was given. */
  #sent = 0;
  /** Offset in the body at which the next window begins. */
  #next = 0;
  /** Offset at which the stream was last let go on before its end was known; -1 when it never was. */
  #letGo = -1;
  /** Where secrets in several pieces begin that were acted on, and pieces of them that are still to come. */
  readonly #told = new Set<number>();
  #cuts: { readonly start: number; readonly end: number }[] = [];
  #findings: Finding[] = [];
  #more = 0;
  #blocked = false;

  constructor(options: BodyFilterOptions) {
    this.#options = options;
  }

  get blocked(): boolean {
    return this.#blocked;
  }

  push(chunk: Uint8Array): Uint8Array[] {
    if (this.#blocked) return [];
    this.#pieces.push(Uint8Array.from(chunk));
    this.#piecesLength += chunk.length;
    if (this.#end + this.#piecesLength - this.#next < WINDOW + REACH) return [];
    this.#gather();
    const out: Uint8Array[] = [];
    while (!this.#blocked && this.#end - this.#next >= WINDOW + REACH) out.push(...this.#window(this.#next + WINDOW));
    return out;
  }

  end(): Uint8Array[] {
    this.#gather();
    const out: Uint8Array[] = [];
    while (!this.#blocked && this.#next < this.#end) {
      out.push(...this.#window(Math.min(this.#next + WINDOW, this.#end)));
    }
    return out;
  }

  idle(): Uint8Array[] {
    this.#gather();
    if (this.#blocked || this.#end === this.#next) return [];
    const safe = quietEnd(this.#held.subarray(this.#next - this.#base));
    if (safe === 0) return [];
    const out = this.#window(this.#next + safe);
    this.#letGo = this.#next;
    return out;
  }

  verdict(): Verdict {
    const verdict = verdictOf(this.#findings, this.#options.maxFindings, this.#more);
    return this.#blocked ? { ...verdict, action: 'block' } : verdict;
  }

  #gather(): void {
    if (this.#piecesLength === 0) return;
    this.#held = Buffer.concat([this.#held, ...this.#pieces]);
    this.#pieces = [];
    this.#piecesLength = 0;
  }

  get #end(): number {
    return this.#base + this.#held.length;
  }

  /** Decides about everything that begins before `until`, and gives it out. */
  #window(until: number): Uint8Array[] {
    const { rules, context, layers } = this.#options;
    const view = this.#held.subarray(0, until + REACH - this.#base);
    const out: Uint8Array[] = [];
    const pathAt = this.#json.over(view, this.#base);
    const where = { host: context.host, tool: context.tool ?? '', pathAt, ...kindOfText(context) };
    const placeOf = this.#json.over(view, this.#base);
    const kindOf = this.#json.kinds(view, this.#base);
    for (const step of this.#steps(scanLayers(view, rules, where, layers))) {
      if (step.start < this.#next || step.start < this.#sent) continue;
      if (step.candidate !== null && !step.candidate.within && this.#options.isOurs(step.candidate.secret)) continue;
      if (step.start >= until) this.#putOff(step);
      else this.#act(step, view, { placeOf, kindOf, out });
      if (this.#blocked) return [];
    }
    if (this.#sent < until) {
      out.push(view.subarray(this.#sent - this.#base, until - this.#base));
      this.#sent = until;
    }
    this.#json.goOn(view, this.#base, until);
    this.#next = until;
    this.#forget();
    return out.filter((piece) => piece.length > 0).map((piece) => Uint8Array.from(piece));
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
    out.push(view.subarray(this.#sent - this.#base, from - this.#base), put?.bytes ?? bytes);
    this.#sent = put === null ? end : Math.max(end, this.#base + put.end);
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
    out.push(view.subarray(this.#sent - this.#base, start - this.#base), bytes);
    this.#sent = end;
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
    if (this.#findings.length >= this.#options.maxFindings && action !== 'block') {
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
    const keep = Math.max(this.#base, Math.min(this.#next, this.#sent) - BEHIND);
    this.#held = Buffer.from(this.#held.subarray(keep - this.#base));
    this.#base = keep;
  }
}
