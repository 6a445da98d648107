/** Bodies that are one binary document, which is read once it is whole: CBOR, MessagePack, protobuf. */

import { GrowingBytes } from '../../core/growing-bytes.ts';
import { type Read, type TellingAs, tellAs } from './document.ts';
import { type Framing, type FramingOptions, type Told, Unreadable } from './framing.ts';
import { told, type Value } from './told.ts';

/** `most`: bytes of the document. */
export function documentFraming(
  read: Read,
  { most, isLeaving }: FramingOptions,
  more: Pick<TellingAs, 'apart'> = {},
): Framing {
  const held = new GrowingBytes();
  return {
    push(chunk) {
      held.copy(chunk, most);
      if (held.length > most) throw new Unreadable(`a document is larger than ${most} bytes`);
      return [];
    },
    *end(): Generator<Told, void> {
      const values: Value[] = [];
      if (held.length > 0) yield told(values, tellAs(read, held.release(), { values, isLeaving, ...more }));
    },
    rest: () => held.release(),
  };
}
