/**
 * Replay: decides recorded decisions again. Under the bundle of then, nothing may differ, bit for bit; under a
 * candidate, what differs is what the candidate would change. Pure: events in, a report out; memory does not grow with
 * the number of events.
 *
 * KNOWN GAP: a record keeps which path rules of its own bundle held, not the path; so a path rule that only the
 * candidate has is taken not to hold, unless the profile records paths in clear (then see `policy explain`).
 */

import type { Controls } from '../../core/controls.ts';
import type { Decision } from '../../core/decision.ts';
import type { AuditEvent, DecisionEvent, TaskAdmittedEvent } from '../../core/event.ts';
import type { Host } from '../../core/host.ts';
import { type ReasonCode, reasonRow } from '../../core/reasons.ts';
import { admit } from '../admission/admission.ts';
import type { Bundle } from '../bundle/bundle.ts';
import { NOTHING_WAIVED } from '../case.ts';
import { nextExpiry } from '../controls/control-index.ts';
import { ControlsHistory } from '../controls/controls-history.ts';
import { decideBare } from '../decide.ts';
import { hostFrom, questionFrom } from '../decision-input.ts';
import type { Question } from '../question.ts';
import { type Difference, DifferenceGroups, type ReplayGroup } from './replay-groups.ts';

export interface ReplayOptions {
  /** The bundle of a digest, compiled; null when it is not kept. Asked once a digest. */
  readonly bundleOf: (digest: string) => Bundle | null;
  /** Null: decide under the bundle of then. */
  readonly candidate: Bundle | null;
  /** What is supposed of the controls on top of those of then. */
  readonly suppose?: ((then: Controls) => Controls) | null;
  /** Epoch ms; older decisions are not judged, but the changes before them count. */
  readonly since?: number;
  /** The controls before the first event; none unless the log was pruned. */
  readonly controls?: Controls;
}

export interface ReplayReport {
  /** Decisions that were decided again. */
  readonly decisions: number;
  /** Of those, how many came out otherwise or could not be decided again. */
  readonly differences: number;
  /** Records of refusals that policy was not asked about (malformed, over budget before a decision, …). */
  readonly outside: number;
  /** Records that were shortened to fit the log, which cannot be decided again exactly. */
  readonly truncated: number;
  /** By falling count. */
  readonly groups: readonly ReplayGroup[];
}

const NOT_ADMITTED: ReasonCode = 'pass_not_admitted';
/** Decisions that wait for a change which the log holds after them. */
const MAX_WAITING = 10_000;
const MAX_HOSTS = 10_000;
/** Admissions remembered, to admit again under a candidate. */
const MAX_ADMISSIONS = 100_000;

export class Replay {
  readonly #options: ReplayOptions;
  readonly #history: ControlsHistory;
  readonly #bundles = new Map<string, Bundle | null>();
  readonly #admissions = new Map<string, Pick<TaskAdmittedEvent, 'caller' | 'kind'>>();
  readonly #hosts = new Map<string, Host | null>();
  readonly #groups = new DifferenceGroups();
  #waiting: DecisionEvent[] = [];
  #decisions = 0;
  #outside = 0;
  #truncated = 0;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#history = new ControlsHistory(options.controls);
  }

  /**
   * Events in the order of the log, from its first that is kept. Says until when (epoch ms of `input.now`, exclusive) a
   * record that is the same in all else would be found right as this one was; null when that cannot be said.
   */
  feed(event: AuditEvent): number | null {
    if (event.type === 'decision') return this.#see(event);
    if (event.type === 'control.changed') this.#changed(event);
    else if (event.type === 'task.admitted' && this.#options.candidate) this.#remember(event);
    return null;
  }

  /** In place of `feed`, for a decision of which an earlier `feed` said that it would be found right. */
  again(now: number): void {
    if (this.#options.since === undefined || now >= this.#options.since) this.#decisions += 1;
  }

  finish(): ReplayReport {
    this.#release();
    return {
      decisions: this.#decisions,
      differences: this.#groups.total,
      outside: this.#outside,
      truncated: this.#truncated,
      groups: this.#groups.list(),
    };
  }

  #see(event: DecisionEvent): number | null {
    if (this.#options.since !== undefined && event.input.now < this.#options.since) return null;
    if (event.step === null) this.#outside += 1;
    else if (event.truncated) this.#truncated += 1;
    else if (event.input.controls > this.#history.version && this.#waiting.length < MAX_WAITING) {
      this.#waiting.push(event);
    } else return this.#judge(event);
    return null;
  }

  #changed(event: Extract<AuditEvent, { type: 'control.changed' }>): void {
    this.#history.add(event);
    if (this.#waiting.length > 0) this.#release();
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const event of waiting) this.#judge(event);
  }

  #judge(event: DecisionEvent): number | null {
    this.#decisions += 1;
    const difference = this.#differenceOf(event);
    if (difference) this.#groups.add(event, difference);
    return difference || this.#supposes ? null : this.#rightUntil(event);
  }

  /** Under the same bundle and controls, time changes an answer only by what ends: a pass, or a control. */
  #rightUntil({ input }: DecisionEvent): number | null {
    const controls = this.#history.at(input.controls);
    if (!controls) return null;
    const expiry =
      input.expires_at !== null && input.expires_at > input.now ? input.expires_at : Number.POSITIVE_INFINITY;
    return Math.min(expiry, nextExpiry(controls, input.now));
  }

  #differenceOf(event: DecisionEvent): Difference | null {
    const bundle = this.#options.candidate ?? this.#bundle(event.input.bundle);
    if (!bundle) return { field: 'bundle', after: 'the bundle is not kept or was altered' };
    const then = this.#history.at(event.input.controls);
    if (!then) return { field: 'controls', after: 'the controls of then are not in the log' };
    const controls = this.#options.suppose?.(then) ?? then;
    const question = questionFrom(event, (name) => this.#host(name));
    if (!question) return { field: 'input', after: 'the input does not make a question' };
    if (!this.#supposes) {
      return exactDifference(event, decideBare(question, { bundle, controls, waived: NOTHING_WAIVED }));
    }
    const again = this.#options.candidate ? this.#readmitted(question, bundle) : question;
    if (!again) return event.reason === NOT_ADMITTED ? null : { field: 'admission', after: `deny ${NOT_ADMITTED}` };
    return changeOf(event, decideBare(again, { bundle, controls, waived: NOTHING_WAIVED }));
  }

  #host(name: string): Host | null {
    let host = this.#hosts.get(name);
    if (host === undefined) {
      host = hostFrom(name);
      if (this.#hosts.size >= MAX_HOSTS) this.#hosts.clear();
      this.#hosts.set(name, host);
    }
    return host;
  }

  #bundle(digest: string): Bundle | null {
    let bundle = this.#bundles.get(digest);
    if (bundle === undefined) {
      bundle = this.#options.bundleOf(digest);
      this.#bundles.set(digest, bundle);
    }
    return bundle;
  }

  /** Then what differs is what would change, not what is wrong. */
  get #supposes(): boolean {
    return this.#options.candidate !== null || (this.#options.suppose ?? null) !== null;
  }

  #remember({ pass, caller, kind }: TaskAdmittedEvent): void {
    this.#admissions.set(pass, { caller, kind });
    const [oldest] = this.#admissions.keys();
    if (this.#admissions.size > MAX_ADMISSIONS && oldest !== undefined) this.#admissions.delete(oldest);
  }

  /**
   * What the task would hold if it were admitted under the candidate; null when it would not be, and so have no pass to ask with.
   * Whoever's admission is not known keeps its rights.
   */
  #readmitted(question: Question, candidate: Bundle): Question | null {
    const { principal } = question;
    const known = principal && this.#admissions.get(principal.pass);
    if (!principal || !known) return question;
    const admission = admit({ ...known, ...principal }, candidate);
    if (!admission.admitted) return null;
    return { ...question, principal: { ...principal, capabilities: admission.capabilities } };
  }
}

/** Null when a record and a decision are the same in every field. */
function exactDifference(event: DecisionEvent, decision: Decision): Difference | null {
  const field = changedField(event, decision) ?? otherField(event, decision);
  return field === null ? null : { field, after: resultOf(decision) };
}

/** Null when effect, reason and capability are the same. */
function changeOf(event: DecisionEvent, decision: Decision): Difference | null {
  const field = changedField(event, decision);
  return field === null ? null : { field, after: resultOf(decision) };
}

function changedField(event: DecisionEvent, decision: Decision): string | null {
  // What refused after policy had allowed (a budget, the guard) would stand in the way again.
  if (decision.effect === 'allow' && !isPolicy(event)) return null;
  if (event.effect !== decision.effect) return 'effect';
  if (event.reason !== decision.reason) return 'reason';
  return event.capability === decision.capability ? null : 'capability';
}

function otherField(event: DecisionEvent, decision: Decision): string | null {
  if (event.step !== decision.step) return 'step';
  if (!sameRule(event, decision)) return 'rule';
  if (event.capability !== decision.capability) return 'capability';
  if (!sameList(event.categories, decision.categories)) return 'categories';
  if (!sameList(event.facts, decision.facts)) return 'facts';
  return sameMode(event, decision) ? null : 'mode';
}

function sameMode(event: DecisionEvent, decision: Decision): boolean {
  if (event.effect !== 'allow' || decision.effect !== 'allow') return true;
  return event.mode === decision.mode && event.method_enforced === decision.methodEnforced;
}

function isPolicy(event: DecisionEvent): boolean {
  const { source } = reasonRow(event.reason);
  return event.effect === 'allow' || source === 'policy' || source === 'identity';
}

function sameRule({ rule }: DecisionEvent, decision: Decision): boolean {
  const now = decision.rule;
  if (rule === null || now === null) return rule === now;
  return rule.id === now.id && rule.file === now.file && rule.line === now.line;
}

function resultOf({ effect, reason, capability }: Decision): string {
  return capability === null ? `${effect} ${reason}` : `${effect} ${reason} by ${capability}`;
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}
