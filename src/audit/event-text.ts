/**
 * The two events that every exchange leaves, stamped and written directly: their keys are known, so nothing is sorted or
 * walked. INVARIANT: what is written here is what `canonicalJson` writes of the same event; where that is not certain
 * (a character that needs an escape, a number that JSON has not, a key that is not known), the answer is null and the
 * general way is taken.
 */

import type { AuditEvent, DecisionEvent, DecisionInput, EventBody, FlowClosedEvent } from '../core/event.ts';
import { EVENT_VERSION } from '../core/event.ts';

/** What the log adds. */
export interface Stamp {
  readonly time: string;
  readonly node: string;
}

type Body<T> = Omit<T, 'v' | 'time' | 'node' | 'truncated'>;

/** How many keys each has, so that one which nobody wrote down here is noticed. */
const DECISION_KEYS = 17;
const INPUT_KEYS = 23;
const CLOSED_KEYS = 12;
const RULE_KEYS = 3;

/** The event with its stamp, keys in canonical order; null for an event of another kind or shape. */
export function stampedExchange(event: EventBody, stamp: Stamp): DecisionEvent | FlowClosedEvent | null {
  if (event.type === 'decision') return keyCount(event) === DECISION_KEYS ? stampedDecision(event, stamp) : null;
  if (event.type === 'flow.closed') return keyCount(event) === CLOSED_KEYS ? stampedClose(event, stamp) : null;
  return null;
}

/** The canonical text; null where only the general way is certain. */
export function exchangeText(event: AuditEvent): string | null {
  if (event.type === 'decision') return keyCount(event) === DECISION_KEYS + 3 ? decisionText(event) : null;
  if (event.type === 'flow.closed') return keyCount(event) === CLOSED_KEYS + 3 ? closeText(event) : null;
  return null;
}

function stampedDecision(e: Body<DecisionEvent>, { time, node }: Stamp): DecisionEvent {
  return {
    capability: e.capability,
    categories: e.categories,
    detail: e.detail,
    door: e.door,
    effect: e.effect,
    facts: e.facts,
    id: e.id,
    input: e.input,
    method_enforced: e.method_enforced,
    mode: e.mode,
    node,
    parent: e.parent,
    reason: e.reason,
    rule: e.rule,
    step: e.step,
    task: e.task,
    tenant: e.tenant,
    time,
    type: 'decision',
    v: EVENT_VERSION,
  };
}

function stampedClose(e: Body<FlowClosedEvent>, { time, node }: Stamp): FlowClosedEvent {
  return {
    bytes_down: e.bytes_down,
    bytes_up: e.bytes_up,
    cause: e.cause,
    change: e.change,
    decision: e.decision,
    duration_ms: e.duration_ms,
    id: e.id,
    node,
    reason: e.reason,
    status: e.status,
    task: e.task,
    tenant: e.tenant,
    time,
    type: 'flow.closed',
    v: EVENT_VERSION,
  };
}

/**
 * What the decisions of one question have in common is written once: a task that asks the same again leaves an event which
 * differs in the few things that stand in `decisionText`.
 */
interface Pattern {
  readonly of: DecisionEvent;
  readonly rule: DecisionEvent['rule'];
  /** The text, cut where an event's own things stand. */
  readonly parts: readonly string[];
}

/** By the list of facts, which the events of one cached decision share. */
const patterns = new WeakMap<readonly string[], Pattern>();

/** Stands where an event has its own; like `UNSURE` it is in no text that is written here. */
const OWN = '\u0001';

function decisionText(e: DecisionEvent): string | null {
  const { input: i } = e;
  if (keyCount(i) !== INPUT_KEYS) return null;
  const parts = partsOf(e);
  if (parts === null) return null;
  const before = `${parts[0]}${string(e.id)}${parts[1]}${list(i.addresses)}${parts[2]}${list(i.cnames)},"content_type":${string(i.content_type)}${parts[3]}`;
  const input = `${list(i.matched)}${parts[4]}${number(i.now)}${parts[5]}${string(i.path)},"path_hash":${string(i.path_hash)}${parts[6]}`;
  return certain(`${before}${input}${string(e.parent)}${parts[7]}${string(e.time)}${parts[8]}`);
}

function partsOf(e: DecisionEvent): readonly string[] | null {
  const known = patterns.get(e.facts);
  if (known !== undefined && isLike(known, e)) return known.parts;
  const { rule } = e;
  const ruled = rule === null ? 'null' : ruleText(rule);
  if (ruled === null) return null;
  const text = `{"capability":${string(e.capability)},"categories":${list(e.categories)},"detail":${string(e.detail)},"door":${string(e.door)},"effect":${string(e.effect)},"facts":${list(e.facts)},"id":${OWN},"input":${inputText(e.input)},"method_enforced":${boolean(e.method_enforced)},"mode":${string(e.mode)},"node":${string(e.node)},"parent":${OWN},"reason":${string(e.reason)},"rule":${ruled},"step":${string(e.step)},"task":${string(e.task)},"tenant":${string(e.tenant)},"time":${OWN},"type":"decision","v":${number(e.v)}}`;
  if (certain(text) === null) return null;
  const parts = text.split(OWN);
  // Nobody can change what is kept by what it points to.
  const { categories, capabilities } = e.input;
  const lists = [e.facts, e.categories, categories, capabilities];
  if (lists.every((one) => Array.isArray(one) && Object.isFrozen(one)))
    patterns.set(e.facts, { of: e, rule: rule && { ...rule }, parts });
  return parts;
}

function inputText(i: DecisionInput): string {
  return `{"addresses":${OWN},"bundle":${string(i.bundle)},"capabilities":${list(i.capabilities)},"categories":${list(i.categories)},"category_index":${string(i.category_index)},"class":${string(i.class)},"cnames":${OWN},"controls":${number(i.controls)},"expires_at":${number(i.expires_at)},"host":${string(i.host)},"matched":${OWN},"method":${string(i.method)},"now":${OWN},"pass":${string(i.pass)},"pass_problem":${string(i.pass_problem)},"path":${OWN},"port":${number(i.port)},"profile":${string(i.profile)},"risk":${number(i.risk)},"scheme":${string(i.scheme)},"upgrade":${string(i.upgrade)}}`;
}

/** Equal in all that stands in `parts`; the lists of facts are one. */
function isLike({ of: a, rule }: Pattern, b: DecisionEvent): boolean {
  return (
    isLikeInput(a.input, b.input) &&
    a.capability === b.capability &&
    a.categories === b.categories &&
    a.detail === b.detail &&
    a.door === b.door &&
    a.effect === b.effect &&
    a.method_enforced === b.method_enforced &&
    a.mode === b.mode &&
    a.node === b.node &&
    a.reason === b.reason &&
    rule?.file === b.rule?.file &&
    rule?.id === b.rule?.id &&
    rule?.line === b.rule?.line &&
    (b.rule === null || keyCount(b.rule) === RULE_KEYS) &&
    a.step === b.step &&
    a.task === b.task &&
    a.tenant === b.tenant &&
    a.v === b.v
  );
}

function isLikeInput(a: DecisionInput, b: DecisionInput): boolean {
  return (
    a.bundle === b.bundle &&
    a.capabilities === b.capabilities &&
    a.categories === b.categories &&
    a.category_index === b.category_index &&
    a.class === b.class &&
    a.controls === b.controls &&
    a.expires_at === b.expires_at &&
    a.host === b.host &&
    a.method === b.method &&
    a.pass === b.pass &&
    a.pass_problem === b.pass_problem &&
    a.port === b.port &&
    a.profile === b.profile &&
    a.risk === b.risk &&
    a.scheme === b.scheme &&
    a.upgrade === b.upgrade
  );
}

function ruleText(rule: NonNullable<DecisionEvent['rule']>): string | null {
  if (keyCount(rule) !== RULE_KEYS) return null;
  return `{"file":${string(rule.file)},"id":${string(rule.id)},"line":${number(rule.line)}}`;
}

function closeText(e: FlowClosedEvent): string | null {
  const text = `{"bytes_down":${number(e.bytes_down)},"bytes_up":${number(e.bytes_up)},"cause":${string(e.cause)},"change":${string(e.change)},"decision":${string(e.decision)},"duration_ms":${number(e.duration_ms)},"id":${string(e.id)},"node":${string(e.node)},"reason":${string(e.reason)},"status":${number(e.status)},"task":${string(e.task)},"tenant":${string(e.tenant)},"time":${string(e.time)},"type":"flow.closed","v":${number(e.v)}}`;
  return certain(text);
}

/** Stands where this way is not certain; a control character is in no text that is written here. */
const UNSURE = '\u0000';

function certain(text: string): string | null {
  return text.includes(UNSURE) ? null : text;
}

/** Printable ASCII without `"` and `\`: what needs no escape. */
const PLAIN = /^[ !#-[\]-~]*$/;

function string(value: string | null): string {
  if (value === null) return 'null';
  return typeof value === 'string' && PLAIN.test(value) ? `"${value}"` : UNSURE;
}

function number(value: number | null): string {
  // A number that is no longer safe may be written in another way by JSON than by a template.
  return value === null ? 'null' : Number.isSafeInteger(value) ? `${value}` : UNSURE;
}

function boolean(value: boolean): string {
  return value === true ? 'true' : value === false ? 'false' : UNSURE;
}

/** Lists of a decision are made once, frozen, and shared by all its records: their text is kept as long as they are. */
const texts = new WeakMap<readonly string[], string>();
const FEW = 2;

function list(values: readonly string[] | null): string {
  if (values === null) return 'null';
  if (!Array.isArray(values)) return UNSURE;
  if (values.length === 0) return '[]';
  const known = values.length > FEW ? texts.get(values) : undefined;
  if (known !== undefined) return known;
  let text = '[';
  for (let i = 0; i < values.length; i += 1) text += `${i === 0 ? '' : ','}${string(values[i] as string)}`;
  text += ']';
  // Whether it is frozen costs more to ask than a short list to write.
  if (values.length > FEW && Object.isFrozen(values)) texts.set(values, text);
  return text;
}

/** Own keys of an object as our makers write it. */
function keyCount(of: object): number {
  let count = 0;
  for (const _ in of) count += 1;
  return count;
}
