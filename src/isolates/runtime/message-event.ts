/** `MessageEvent`. */

import { dictionary, Event, type EventInit, eventState } from './event.ts';

interface MessageInit extends EventInit {
  readonly data?: unknown;
  readonly origin?: unknown;
  readonly lastEventId?: unknown;
  readonly source?: unknown;
  readonly ports?: Iterable<unknown>;
}

export class MessageEvent extends Event {
  #data: unknown;
  #origin: string;
  #lastEventId: string;
  #source: unknown;
  #ports: readonly unknown[];

  constructor(...args: [unknown?, MessageInit?]) {
    super(...args);
    const { data = null, origin = '', lastEventId = '', source = null, ports = [] } = dictionary(args[1]);
    this.#data = data;
    this.#origin = String(origin);
    this.#lastEventId = String(lastEventId);
    this.#source = source;
    this.#ports = Object.freeze([...ports]);
  }

  get data(): unknown {
    return this.#data;
  }
  get origin(): string {
    return this.#origin;
  }
  get lastEventId(): string {
    return this.#lastEventId;
  }
  get source(): unknown {
    return this.#source;
  }
  get ports(): readonly unknown[] {
    return this.#ports;
  }

  initMessageEvent(...args: unknown[]): void {
    const [type, bubbles, cancelable, data = null, origin = '', lastEventId = '', source = null, ports = []] = args;
    if (eventState(this).dispatching) return;
    this.initEvent(type, bubbles, cancelable);
    this.#data = data;
    this.#origin = String(origin);
    this.#lastEventId = String(lastEventId);
    this.#source = source;
    this.#ports = Object.freeze([...(ports as Iterable<unknown>)]);
  }
}
