/**
 * `MessageChannel`, `MessagePort` and `BroadcastChannel`, between the parts of one task: nothing of them leaves the
 * isolate. Each message is a turn of its own, by the timers and within their number, so a flood ends as one of timers does.
 */

import { DOMException } from './dom-exception.ts';
import { defineHandlers } from './event-handlers.ts';
import { EventTarget, fire } from './events.ts';
import { MessageEvent } from './message-event.ts';
import { ownOrigin } from './own-origin.ts';
import { cloneAndMove, transferables } from './structured-clone.ts';
import { setTimeout } from './timers.ts';

interface Message {
  readonly data: unknown;
  readonly ports: readonly unknown[];
}

interface PortState {
  /** The object that stands for this end now: a transfer changes it. */
  object: MessagePort | null;
  other: PortState | null;
  started: boolean;
  closed: boolean;
  readonly queue: Message[];
}

const making = Symbol('making');
/** One that was transferred has no state any more. */
const states = new WeakMap<object, PortState>();
/** Every port there ever was. */
const ports = new WeakSet<object>();
const isPort = (value: object): boolean => ports.has(value);

function of(port: unknown): PortState | null {
  if (!(typeof port === 'object' && port !== null && isPort(port))) throw new TypeError('the value is no MessagePort');
  return states.get(port) ?? null;
}

export class MessagePort extends EventTarget {
  constructor(key?: unknown) {
    if (key !== making) throw new TypeError('ports are made by a MessageChannel');
    super();
    ports.add(this);
  }

  postMessage(message: unknown, options?: unknown): void {
    const state = of(this);
    const transfer = transferOf(options);
    if (transfer.includes(this)) throw new DOMException('a port cannot be sent through itself', 'DataCloneError');
    const other = state?.other ?? null;
    // To send a port through its other end is an odd thing to do, and loses it.
    const lost = other !== null && transfer.includes(other.object);
    const { value, moved } = cloneAndMove(message, transfer);
    if (other === null || lost) return;
    other.queue.push({ data: value, ports: moved.filter((item) => isPort(item)) });
    if (other.started) later(other);
  }

  start(): void {
    const state = of(this);
    if (state === null || state.started) return;
    state.started = true;
    for (let n = state.queue.length; n > 0; n -= 1) later(state);
  }

  close(): void {
    const state = of(this);
    if (state) state.closed = true;
    if (state?.other == null) return;
    const { other } = state;
    state.other = null;
    other.other = null;
    setTimeout(() => other.object !== null && fire(other.object, new MessageEvent('close')), 0);
  }
}

function later(state: PortState): void {
  setTimeout(() => {
    const message = state.object === null || !state.started ? undefined : state.queue.shift();
    if (message === undefined) return;
    fire(state.object as MessagePort, new MessageEvent('message', message));
  }, 0);
}

function transferOf(options: unknown): unknown[] {
  if (options === undefined || options === null) return [];
  if (typeof options !== 'object') throw new TypeError('what is transferred is a sequence, or options');
  const list = Symbol.iterator in options ? options : ((options as { transfer?: unknown }).transfer ?? []);
  return [...(list as Iterable<unknown>)];
}

function portOf(state: PortState): MessagePort {
  const port = new MessagePort(making);
  states.set(port, state);
  state.object = port;
  return port;
}

transferables.isPort = isPort;
transferables.canMove = (port) => of(port)?.closed === false;
transferables.move = (port) => {
  const state = of(port) as PortState;
  states.delete(port);
  state.started = false;
  return portOf(state);
};

export class MessageChannel {
  readonly #port1: MessagePort;
  readonly #port2: MessagePort;

  constructor() {
    const state = (): PortState => ({ object: null, other: null, started: false, closed: false, queue: [] });
    const [one, two] = [state(), state()];
    one.other = two;
    two.other = one;
    this.#port1 = portOf(one);
    this.#port2 = portOf(two);
  }

  get port1(): MessagePort {
    return this.#port1;
  }
  get port2(): MessagePort {
    return this.#port2;
  }
}

const channels = new Set<BroadcastChannel>();

export class BroadcastChannel extends EventTarget {
  readonly #name: string;

  constructor(...args: [unknown?]) {
    if (args.length === 0) throw new TypeError('a channel has a name');
    super();
    this.#name = String(args[0]);
    channels.add(this);
  }

  get name(): string {
    return this.#name;
  }

  postMessage(message: unknown): void {
    if (!channels.has(this)) throw new DOMException('the channel is closed', 'InvalidStateError');
    for (const channel of channels) {
      if (channel === this || channel.#name !== this.#name) continue;
      const { value } = cloneAndMove(message, []);
      const event = { data: value, origin: ownOrigin() };
      setTimeout(() => channels.has(channel) && fire(channel, new MessageEvent('message', event)), 0);
    }
    if (channels.size < 2) cloneAndMove(message, []);
  }

  close(): void {
    channels.delete(this);
  }
}

defineHandlers(MessagePort.prototype, ['message'], (port) => (port as MessagePort).start());
defineHandlers(MessagePort.prototype, ['messageerror', 'close'], () => undefined);
defineHandlers(BroadcastChannel.prototype, ['message', 'messageerror'], () => undefined);
