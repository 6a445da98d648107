import { describe, expect, it } from 'vitest';
import { encodeFrame, type Message, MessageReader, OPCODES } from '../../wire/websocket.ts';
import type { Exchange } from '../exchange.ts';
import type { Gate } from '../gate.ts';
import type { BodyStream, GuardPort } from '../guarding/guarding.ts';
import { webSocketGuard } from './websocket-guard.ts';

const MASK = Buffer.of(1, 2, 3, 4);

/** Each message takes as long as `look` does, and passes as it is. */
function scene(look: (bytes: Buffer) => void) {
  const stream = (): BodyStream => ({
    push: (chunk) => {
      look(Buffer.from(chunk));
      return [chunk];
    },
    idle: () => [],
    end: () => [],
    verdict: () => ({ action: 'pass', findings: [], more: 0 }),
    blocked: false,
  });
  const guard: Partial<GuardPort> = { digest: '', stream };
  const flow = { moves: true };
  const exchange = {
    ...{ id: 'd', tenant: 't', task: 'k', host: 'h.example', exchanged: [] },
    profile: { guard: {} },
    order: { ask: { target: null } },
    mayMove: () => flow.moves,
  };
  const gate = { guard: () => guard };
  const through = webSocketGuard(gate as unknown as Gate, exchange as unknown as Exchange, () => undefined);
  if (through === null) throw new Error('not guarded');
  return { flow, through };
}

const texts = (from: number, to: number, mask: Buffer | null) =>
  Buffer.concat(
    Array.from({ length: to - from }, (_, i) =>
      encodeFrame({ opcode: OPCODES.text, payload: Buffer.from(String(from + i)) }, mask),
    ),
  );

const read = (bytes: Uint8Array, masked: boolean): string[] =>
  [...new MessageReader(masked).push(bytes)].map(({ payload }: Message) => payload.toString());

/** As a slow guard does; the clock of the slices is the real one. */
function busy(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe('many small messages in one piece', () => {
  it('T-45 let the event loop have its turn before the last of them, and keep their order', async () => {
    const { through } = scene(() => busy(1));
    let turns = 0;
    let over = false;
    const tick = (): void => {
      turns += 1;
      if (!over) setImmediate(tick);
    };
    setImmediate(tick);
    const out = await through('up', texts(0, 40, MASK));
    over = true;
    // Forty milliseconds of work in slices of four at most.
    expect(turns).toBeGreaterThanOrEqual(4);
    expect(read(out ?? Buffer.alloc(0), true)).toEqual(Array.from({ length: 40 }, (_, i) => String(i)));
  });

  it('T-45 of many flows take one slice of a turn together, and each gets on', async () => {
    const order: number[] = [];
    const flows = Array.from({ length: 8 }, (_, i) =>
      scene(() => {
        busy(0.5);
        order.push(i);
      }),
    );
    await Promise.all(flows.map(({ through }) => through('down', texts(0, 30, null))));
    expect(order.length).toBe(240);
    // A flow that went first to its end would be done after 30; all of them in step, after about half of all.
    const doneFirst = flows.map((_, i) => order.lastIndexOf(i));
    expect(Math.min(...doneFirst)).toBeGreaterThan(80);
  });

  it('T-45 are left where they are once the exchange is cut', async () => {
    const seen: string[] = [];
    const { through, flow } = scene((bytes) => {
      seen.push(bytes.toString());
      busy(1);
    });
    setImmediate(() => {
      flow.moves = false;
    });
    const out = await through('down', texts(0, 60, null));
    expect(out?.length).toBe(0);
    expect(seen.length).toBeLessThan(60);
  });
});
