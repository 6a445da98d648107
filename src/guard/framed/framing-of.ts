/** Which bodies are told in parts, by their media type. */

import type { GuardDirection } from '../../core/finding.ts';
import { apartCbor, readCbor } from './cbor.ts';
import { documentFraming } from './document-framing.ts';
import { eventStreamFraming } from './event-stream-framing.ts';
import type { Framing, FramingOptions } from './framing.ts';
import { grpcFraming, grpcWebTextFraming } from './grpc-framing.ts';
import { apartMessagePack, readMessagePack } from './message-pack.ts';
import { readProtobuf } from './protobuf.ts';

interface Format {
  readonly type: RegExp;
  readonly open: (options: FramingOptions) => Framing;
  /** Of which both sides may wait for each other's messages: a whole one is held for no other, in requests or both ways. */
  readonly flows?: 'request' | 'both';
}

const FORMATS: readonly Format[] = [
  { type: /^application\/vnd\.amazon\.eventstream$/, open: eventStreamFraming, flows: 'request' },
  { type: /^application\/(?:grpc(?:-web)?(?:\+[\w-]+)?|connect\+[\w-]+)$/, open: grpcFraming, flows: 'both' },
  { type: /^application\/grpc-web-text(?:\+[\w-]+)?$/, open: grpcWebTextFraming, flows: 'both' },
  {
    type: /^application\/(?:[\w.-]+\+)?cbor(?:-seq)?$/,
    open: (options) => documentFraming(readCbor, options, { apart: apartCbor }),
  },
  {
    type: /^application\/(?:x-|vnd\.)?msgpack$/,
    open: (options) => documentFraming(readMessagePack, options, { apart: apartMessagePack }),
  },
  {
    type: /^application\/(?:(?:x-)?protobuf|proto|vnd\.google\.protobuf)$/,
    open: (options) => documentFraming(readProtobuf, options),
  },
];

/** Null for a body that is looked at as it is. */
export function framingOf(contentType: string, options: FramingOptions): Framing | null {
  return formatOf(contentType)?.open(options) ?? null;
}

/** Whether its parts say how long they are, so that nothing in it is changed as text is. */
export function isFramed(contentType: string): boolean {
  return formatOf(contentType) !== undefined;
}

/** Whether no whole message may be held for the next, which the other side may send only once it has this one. */
export function mustFlow(contentType: string, direction: GuardDirection): boolean {
  const flows = formatOf(contentType)?.flows;
  return flows === 'both' || flows === direction;
}

function formatOf(contentType: string): Format | undefined {
  const type = (contentType.split(';', 1)[0] as string).trim().toLowerCase();
  return FORMATS.find((format) => format.type.test(type));
}
