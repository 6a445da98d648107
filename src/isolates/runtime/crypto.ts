/** `crypto`: randomness and UUIDs, made by the host. */

import { bridge } from './bridge.ts';
import { bytesOf } from './buffer-source.ts';
import { DOMException, QuotaExceededError } from './dom-exception.ts';
import { makeSubtle, type SubtleCrypto } from './subtle-crypto.ts';
import { randomUuid } from './uuid.ts';

const MAX_RANDOM = 65_536;
const making = Symbol('making');

/** `Uint8Array` and the like, whatever a subclass of it is called. */
const typeTag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)
  ?.get as () => unknown;
const kindOf = (view: unknown) => Reflect.apply(typeTag, view, []) as string | undefined;

export class Crypto {
  readonly #subtle: SubtleCrypto;

  constructor(key?: unknown) {
    if (key !== making) throw new TypeError('use `crypto`');
    this.#subtle = makeSubtle();
  }

  get subtle(): SubtleCrypto {
    return this.#subtle;
  }

  getRandomValues<T>(view: T): T {
    void this.#subtle;
    if (!/^(?:Big)?(?:Int|Uint)/.test(kindOf(view) ?? '') || !ArrayBuffer.isView(view)) {
      throw new DOMException('the value is no array of integers', 'TypeMismatchError');
    }
    if (view.byteLength > MAX_RANDOM) throw new QuotaExceededError('at most 65536 bytes at once');
    if (view.byteLength > 0)
      bytesOf(view).set(new Uint8Array(bridge.current.serve('random', view.byteLength) as ArrayBuffer));
    return view;
  }

  randomUUID(): string {
    void this.#subtle;
    return randomUuid();
  }
}

export function makeCrypto(): Crypto {
  return new Crypto(making);
}
