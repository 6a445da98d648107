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

function decisionText(e: DecisionEvent): string | null {
  const input = inputText(e.input);
  const rule = e.rule === null ? 'null' : ruleText(e.rule);
  if (input === null || rule === null) return null;
  const text = `{"capability":${string(e.capability)},"categories":${list(e.categories)},"detail":${string(e.detail)},"door":${string(e.door)},"effect":${string(e.effect)},"facts":${list(e.facts)},"id":${string(e.id)},"input":${input},"method_enforced":${boolean(e.method_enforced)},"mode":${string(e.mode)},"node":${string(e.node)},"parent":${string(e.parent)},"reason":${string(e.reason)},"rule":${rule},"step":${string(e.step)},"task":${string(e.task)},"tenant":${string(e.tenant)},"time":${string(e.time)},"type":"decision","v":${number(e.v)}}`;
  return certain(text);
}

function inputText(i: DecisionInput): string | null {
  if (keyCount(i) !== INPUT_KEYS) return null;
  return `{"addresses":${list(i.addresses)},"bundle":${string(i.bundle)},"capabilities":${list(i.capabilities)},"categories":${list(i.categories)},"category_index":${string(i.category_index)},"class":${string(i.class)},"cnames":${list(i.cnames)},"content_type":${string(i.content_type)},"controls":${number(i.controls)},"expires_at":${number(i.expires_at)},"host":${string(i.host)},"matched":${list(i.matched)},"method":${string(i.method)},"now":${number(i.now)},"pass":${string(i.pass)},"pass_problem":${string(i.pass_problem)},"path":${string(i.path)},"path_hash":${string(i.path_hash)},"port":${number(i.port)},"profile":${string(i.profile)},"risk":${number(i.risk)},"scheme":${string(i.scheme)},"upgrade":${string(i.upgrade)}}`;
}

function ruleText(rule: NonNullable<DecisionEvent['rule']>): string | null {
  if (keyCount(rule) !== 3) return null;
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

function list(values: readonly string[] | null): string {
  if (values === null) return 'null';
  if (!Array.isArray(values)) return UNSURE;
  if (values.length === 0) return '[]';
  const known = texts.get(values);
  if (known !== undefined) return known;
  let text = '[';
  for (let i = 0; i < values.length; i += 1) text += `${i === 0 ? '' : ','}${string(values[i] as string)}`;
  text += ']';
  if (Object.isFrozen(values)) texts.set(values, text);
  return text;
}

/** Own keys of an object as our makers write it. */
function keyCount(of: object): number {
  let count = 0;
  for (const _ in of) count += 1;
  return count;
}
