/**
 * WebSocket messages through the guard, both ways (T-28, T-36). A message is guarded whole, its fragments put together, and
 * sent on as one frame; control frames pass as they are. Text is rewritten like any body. A binary message is not:
 * whatever would change it ends the connection, because no length or checksum inside it would fit any more.
 */

import { isRemarkable, whyBlocked } from '../../guard/judge.ts';
import { after, type Later } from '../../guard/later.ts';
import { closeFrame, encodeFrame, type Message, MessageReader, OPCODES, WebSocketFault } from '../../wire/websocket.ts';
import type { Exchange } from '../exchange.ts';
import type { Gate } from '../gate.ts';
import { exchangedMessage, liveScrubs } from '../guarding/brokering.ts';
import { type BodyStream, type GuardContext, unlooked } from '../guarding/guarding.ts';
import { guardContext, recordVerdict } from '../guarding/scan-outbound.ts';
import { loopTurns } from '../loop-turns.ts';
import { Refusal } from '../refusal.ts';
import { newMask } from './masks.ts';

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
  const frameOf = (direction: Direction, passed: Message | Stopped): Buffer => {
    if (typeof passed === 'string') {
      exchange.reason ??= passed;
      throw new WebSocketFault(1008, `${passed} ${exchange.id}`);
    }
    return direction === 'up' ? encodeFrame(withValues(gate, exchange, passed), newMask()) : encodeFrame(passed, null);
  };
  const passOn = async (direction: Direction, bytes: Buffer): Promise<Buffer> => {
    const out: Buffer[] = [];
    let { until } = loopTurns;
    for (const message of readers[direction].push(bytes)) {
      if (performance.now() > until) {
        await loopTurns.next();
        if (!exchange.mayMove()) return NOTHING;
        ({ until } = loopTurns);
      }
      const passed = guardMessage(gate, exchange, { context: guarded[direction], message });
      // Most are looked at where they come: to wait for each would cost more than to look.
      out.push(frameOf(direction, passed instanceof Promise ? await passed : passed));
    }
    return Buffer.concat(out);
  };
  return async (direction, bytes) => {
    try {
      return await passOn(direction, bytes);
    } catch (thrown) {
      const error = unlooked(thrown);
      const { code, message } = error instanceof WebSocketFault ? error : INTERNAL;
      if (error instanceof Refusal) exchange.reason ??= error.reason;
      exchange.reason ??= code === 1008 ? 'guard_blocked' : 'guard_unscannable';
      sayLast('client', closeFrame(code, message, null));
      sayLast('upstream', closeFrame(code, 'closed by the gate', newMask()));
      return null;
    }
  };
}

const NOTHING = Buffer.alloc(0);

/** Why a message goes no further. */
type Stopped = ReturnType<typeof whyBlocked>;

/** What could not be guarded or recorded goes no further. */
const INTERNAL = { code: 1008, message: 'the gate could not guard or record the message' } as const;

/** With stored values in place. */
function withValues(gate: Gate, exchange: Exchange, message: Message): Message {
  const { opcode, payload } = message;
  return opcode === OPCODES.text ? { opcode, payload: exchangedMessage(gate, exchange, payload) } : message;
}

function guardMessage(
  gate: Gate,
  exchange: Exchange,
  { context, message }: { readonly context: GuardContext; readonly message: Message },
): Later<Message | Stopped> {
  const { payload } = message;
  const guard = gate.guard();
  if (guard === null || payload.length === 0) return message;
  const filter = guard.stream({ ...context, contentType: typeOf(payload) });
  const judged = (left: Buffer) =>
    judgedMessage(gate, exchange, { direction: context.direction, filter, message, left });
  return after(filter.push(payload), (first) =>
    after(filter.end(), (last) => judged(Buffer.concat([...first, ...last]))),
  );
}

interface Judging {
  readonly direction: GuardContext['direction'];
  readonly filter: BodyStream;
  readonly message: Message;
  readonly left: Buffer;
}

function judgedMessage(
  gate: Gate,
  exchange: Exchange,
  { direction, filter, message, left }: Judging,
): Later<Message | Stopped> {
  const { opcode, payload } = message;
  // A ping or a close can carry 125 bytes of anything: guarded as well, and never rewritten.
  const rewritten = opcode === OPCODES.text;
  const verdict = filter.verdict();
  // A stored value that comes back, too, can be taken out of text only.
  const stopped = filter.blocked || (!rewritten && (verdict.action !== 'pass' || !left.equals(payload)));
  const goesOn = stopped ? whyStopped(filter) : rewritten ? { opcode, payload: left } : message;
  if (!isRemarkable(verdict) && !stopped) return goesOn;
  const said = stopped && verdict.action !== 'block' ? { ...verdict, action: 'block' as const } : verdict;
  return recordVerdict(gate, exchange, { direction, verdict: said, bytes: payload.length }).then(() => goesOn);
}

/** As for a body. A stored value that comes back is no finding. */
function whyStopped(filter: BodyStream): Stopped {
  return filter.blocked ? whyBlocked(filter.verdict()) : 'guard_blocked';
}

function typeOf(payload: Buffer): string {
  return /^\s*[{[]/.test(payload.subarray(0, 64).toString('latin1')) ? 'application/json' : 'text/plain';
}
