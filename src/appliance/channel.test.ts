import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { Channel, type Talk } from './channel.ts';

interface Side extends Talk {
  readonly asks: { readonly double: { readonly ask: number; readonly answer: number } };
  readonly news: { readonly word: string };
}

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

function pair(double: (n: number) => number | Promise<number>, heard: string[] = []) {
  const { port1, port2 } = new MessageChannel();
  open.push(() => port1.close());
  const here = new Channel<Side, Side>(port1, { ask: { double: () => 0 }, tell: { word: () => undefined } });
  const there = new Channel<Side, Side>(port2, {
    ask: {
      double: (n) => {
        heard.push(`ask ${n}`);
        return double(n);
      },
    },
    tell: { word: (word) => heard.push(word) },
  });
  return { here, there, heard };
}

describe('a channel', () => {
  it('answers each question with its own answer, whichever is ready first', async () => {
    const gate = Promise.withResolvers<void>();
    const { here } = pair(async (n) => {
      if (n === 1) await gate.promise;
      return n * 2;
    });
    const slow = here.ask('double', 1);
    expect(await here.ask('double', 2)).toBe(4);
    gate.resolve();
    expect(await slow).toBe(2);
  });

  it('keeps the order of what is told and asked', async () => {
    const { here, heard } = pair((n) => n);
    here.tell('word', 'a');
    const asked = here.ask('double', 1);
    here.tell('word', 'b');
    await asked;
    expect(heard).toEqual(['a', 'ask 1', 'b']);
  });

  it('says why something could not be done, and where', async () => {
    const { here } = pair(() => {
      throw Object.assign(new Error('no'), { code: 'EADDRINUSE', syscall: 'listen', address: '::1', port: 7 });
    });
    await expect(here.ask('double', 1)).rejects.toMatchObject({
      message: 'no',
      code: 'EADDRINUSE',
      syscall: 'listen',
      address: '::1',
      port: 7,
    });
  });

  it('lets nobody wait for a side that has ended', async () => {
    const { here } = pair(() => new Promise<number>(() => undefined));
    const asked = here.ask('double', 1);
    here.close();
    await expect(asked).rejects.toThrow('the other thread has ended');
    await expect(here.ask('double', 2)).rejects.toThrow('the other thread has ended');
  });
});
