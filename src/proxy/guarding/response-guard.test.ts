import { describe, expect, it } from 'vitest';
import type { Reply } from '../doors/reply.ts';
import { Exchange, type Order } from '../exchange.ts';
import type { Gate } from '../gate.ts';
import type { BodyStream } from './guarding.ts';
import { ResponseGuard } from './response-guard.ts';

const SILENT = { queued: () => 0, pause: () => undefined };

function scene(rest: Partial<BodyStream>) {
  const said: string[] = [];
  const reply = {
    get begun() {
      return said.length > 0;
    },
    head: (status: number) => void said.push(`head ${status}`),
    write: (piece: Uint8Array) => said.push(Buffer.from(piece).toString()) > 0,
    end: () => void said.push('end'),
  } as unknown as Reply;
  const exchange = new Exchange('d_1', { kind: 'exchange', principal: null } as Order, null as never, 0);
  const nothing = { findings: [], action: 'pass' } as never;
  const filter = { blocked: false, push: () => [], idle: () => [], end: () => [], verdict: () => nothing, ...rest };
  const guard = new ResponseGuard({} as Gate, exchange, { filter: filter as BodyStream, isSized: true, isLive: false });
  const idle = { pause: () => undefined, resume: () => undefined, abort: () => undefined };
  guard.begin(reply, { status: 200, fields: [], ...idle });
  return { said, exchange, guard };
}

describe('a response whose exchange is cut while another thread looks at it', () => {
  it.each(['cut', 'sealed'])('gives its client not a byte more: %s', async (how) => {
    let looked: (pieces: Uint8Array[]) => void = () => undefined;
    const last = new Promise<Uint8Array[]>((resolve) => {
      looked = resolve;
    });
    const { said, exchange, guard } = scene({ end: () => last });
    guard.push(Buffer.from('late'));
    const over = guard.end([]);
    exchange.onSeal(SILENT);
    if (how === 'cut') exchange.cut('c_1');
    else expect(exchange.seal('c_1')).toBe(true);
    looked([Buffer.from('late')]);
    await expect(over).rejects.toMatchObject({ reason: 'lease_ended' });
    expect(said).toEqual([]);
  });

  it('is whole where it is not cut', async () => {
    const { said, guard } = scene({ end: () => [Buffer.from('all')] as never });
    await guard.end([]);
    expect(said).toEqual(['head 200', 'all', 'end']);
  });

  it('lets go of nothing that was held when it is sealed', () => {
    const { said, exchange, guard } = scene({ push: (piece: Uint8Array) => [piece] });
    exchange.onSeal(SILENT);
    guard.push(Buffer.from('a'));
    expect(said).toEqual(['head 200', 'a']);
    exchange.seal('c_1');
    guard.push(Buffer.from('b'));
    guard.abandon();
    expect([said.length, exchange.isCut]).toEqual([2, true]);
  });
});

describe('a response that its origin breaks off', () => {
  const held = (piece: Uint8Array) => (piece.length === 1 ? [piece] : []);
  const rest = () => [Buffer.from('held')];

  it.each([
    ['gives its client what it said until then', rest, ['head 200', 'a', 'held']],
    ['says nothing more where that cannot be looked at', () => Promise.reject(new Error('half')), ['head 200', 'a']],
  ])('%s', async (_, end, told) => {
    const { said, guard } = scene({ push: held, end } as never);
    guard.push(Buffer.from('a'));
    guard.push(Buffer.from('held'));
    await guard.breakOff();
    expect(said).toEqual(told);
  });

  it('leaves the word to a refusal where nothing is out', async () => {
    const { said, guard } = scene({ push: held, end: rest } as never);
    guard.push(Buffer.from('held'));
    await guard.breakOff();
    expect(said).toEqual([]);
  });
});
