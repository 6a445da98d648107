/** Calls to the supervisor: numbered, answered in any order, as JSON and bytes. */

import { bridge, jsonText, jsonValue } from './bridge.ts';
import { DOMException } from './dom-exception.ts';

export interface BindingAnswer {
  readonly value: unknown;
  readonly bytes: ArrayBuffer | undefined;
}

interface Waiting {
  resolve(answer: BindingAnswer): void;
  reject(error: Error): void;
  readonly faultOf: (fault: Record<string, unknown>) => Error;
}

interface Reply {
  readonly ok: boolean;
  readonly value?: unknown;
  readonly error?: Record<string, unknown>;
}

const waiting = new Map<number, Waiting>();
const ERRORS: Readonly<Record<string, ErrorConstructor>> = { TypeError, RangeError, SyntaxError };
let last = 0;

/** Rejects with an error that carries `code`, and `decision` when a denial is behind it. */
export function callBinding(op: string, args: unknown, bytes?: ArrayBuffer): Promise<BindingAnswer> {
  return asked('call', { text: callText(op, args), bytes, faultOf });
}

/** As `callBinding`; whatever fails on the way to the network is a `TypeError` (Fetch, "network error"). */
export function callNetwork(op: string, args: unknown, bytes?: ArrayBuffer): Promise<BindingAnswer> {
  return asked('call', { text: callText(op, args), bytes, faultOf: networkFault });
}

/** Without a `toJSON` that tool code gave to all objects. */
function callText(op: string, args: unknown): string {
  return jsonText({ __proto__: null, op, args });
}

/** What the host itself answers, in its own time. Rejects with a `TypeError` or a `DOMException`. */
export function askHost(what: string, text: string, bytes: ArrayBuffer): Promise<BindingAnswer> {
  return asked(what, { text, bytes, faultOf: exceptionOf });
}

interface Question {
  readonly text: string;
  readonly bytes: ArrayBuffer | undefined;
  readonly faultOf: Waiting['faultOf'];
}

function asked(what: string, { text, bytes, faultOf }: Question): Promise<BindingAnswer> {
  return new Promise((resolve, reject) => {
    last += 1;
    waiting.set(last, { resolve, reject, faultOf });
    if (bridge.current.serve(what, last, text, bytes) === true) return;
    waiting.delete(last);
    reject(faultOf({ name: 'RangeError', message: 'too many calls at once', code: 'too_many_calls' }));
  });
}

export function takeReply(call: number, json: string, bytes: ArrayBuffer | undefined): void {
  const asked = waiting.get(call);
  if (asked === undefined) return;
  waiting.delete(call);
  const reply = jsonValue(json) as Reply;
  if (reply.ok) asked.resolve({ value: reply.value, bytes });
  else asked.reject(asked.faultOf(reply.error ?? {}));
}

function faultOf(fault: Record<string, unknown>): Error {
  const Kind = ERRORS[String(fault['name'])] ?? Error;
  const error = new Kind(String(fault['message']));
  const { name: _, message: __, ...rest } = fault;
  return Object.assign(error, rest, Kind === Error ? { name: String(fault['name'] ?? 'Error') } : {});
}

function networkFault(fault: Record<string, unknown>): Error {
  return faultOf({ ...fault, name: 'TypeError' });
}

function exceptionOf({ name, message }: Record<string, unknown>): Error {
  if (name === 'TypeError') return new TypeError(String(message));
  return new DOMException(String(message), name === 'RangeError' ? 'OperationError' : String(name));
}
