/**
 * WebSocket messages through the guard, both ways (T-28, T-36). A message is guarded whole, its fragments put together, and
 * sent on as one frame; control frames pass as they are. Text is rewritten like any body. A binary message is not:
 * whatever would change it ends the connection, because no length or checksum inside it would fit any more.
 */

import { randomBytes } from 'node:crypto';
import { closeFrame, encodeFrame, type Message, MessageReader, OPCODES, WebSocketFault } from '../wire/websocket.ts';
import { exchangedMessage, liveScrubs } from './brokering.ts';
import type { Exchange } from './exchange.ts';
import type { Gate } from './gate.ts';
import { type GuardContext, looked } from './guarding.ts';
import { Refusal } from './refusal.ts';
import { guardContext, recordVerdict } from './scan-outbound.ts';

type Direction = 'up' | 'down';

/** Says a last frame to one side. */
export type SayLast = (to: 'client' | 'upstream', frame: Buffer) => void;

/** Gives what goes on in place of the bytes; null once the connection is over. Null when nothing guards. */
export function webSocketGuard(
  gate: Gate,
  exchange: Exchange,
  sayLast: SayLast,
): ((direction: Direction, bytes: Buffer) => Promise<Uint8Array | null>) | null {
  const kept = { contentType: '', contentEncoding: '', isLive: true };
  const contexts = {
    up: guardContext(exchange, 'request', kept),
    down: guardContext(exchange, 'result', kept),
  };
  const { up, down } = contexts;
  if (gate.guard() === null || up === null || down === null) return null;
  const readers = { up: new MessageReader(true), down: new MessageReader(false) };
  const guarded = { up, down: { ...down, scrubs: liveScrubs(gate, exchange) } };
  const passOn = async (direction: Direction, bytes: Buffer): Promise<Buffer> => {
    const out: Buffer[] = [];
    for (const message of readers[direction].push(bytes)) {
      const passed = await guardMessage(gate, exchange, { context: guarded[direction], message });
      if (passed === null) throw new WebSocketFault(1008, `guard_blocked ${exchange.id}`);
      const isUp = direction === 'up';
      const payload = isUp && passed.opcode === OPCODES.text ? exchangedMessage(gate, exchange, passed.payload) : null;
      out.push(encodeFrame(payload === null ? passed : { ...passed, payload }, isUp ? randomBytes(4) : null));
    }
    return Buffer.concat(out);
  };
  return async (direction, bytes) => {
    try {
      return await passOn(direction, bytes);
    } catch (error) {
      const { code, message } = error instanceof WebSocketFault ? error : INTERNAL;
      if (error instanceof Refusal) exchange.reason ??= error.reason;
      exchange.reason ??= code === 1008 ? 'guard_blocked' : 'guard_unscannable';
      sayLast('client', closeFrame(code, message, null));
      sayLast('upstream', closeFrame(code, 'closed by the gate', randomBytes(4)));
      return null;
    }
  };
}

/** What could not be guarded or recorded goes no further. */
const INTERNAL = { code: 1008, message: 'the gate could not guard or record the message' } as const;

async function guardMessage(
  gate: Gate,
  exchange: Exchange,
  { context, message }: { readonly context: GuardContext; readonly message: Message },
): Promise<Message | null> {
  const { opcode, payload } = message;
  const guard = gate.guard();
  if (guard === null || payload.length === 0) return message;
  // A ping or a close can carry 125 bytes of anything: guarded as well, and never rewritten.
  const rewritten = opcode === OPCODES.text;
  const filter = guard.stream({ ...context, contentType: typeOf(payload) });
  const first = await looked(filter.push(payload));
  const out = [...first, ...(await looked(filter.end()))];
  const verdict = filter.verdict();
  const left = Buffer.concat(out);
  // A stored value that comes back, too, can be taken out of text only.
  const stopped = filter.blocked || (!rewritten && (verdict.action !== 'pass' || !left.equals(payload)));
  if (verdict.findings.length > 0) {
    const said = stopped && verdict.action !== 'block' ? { ...verdict, action: 'block' as const } : verdict;
    await recordVerdict(gate, exchange, { direction: context.direction, verdict: said, bytes: payload.length });
  }
  if (stopped) return null;
  return rewritten ? { opcode, payload: left } : message;
}

function typeOf(payload: Buffer): string {
  return /^\s*[{[]/.test(payload.subarray(0, 64).toString('latin1')) ? 'application/json' : 'text/plain';
}
