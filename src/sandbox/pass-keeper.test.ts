import { setImmediate as tick } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { credentialsOf, PassKeeper } from './pass-keeper.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const HOUR = 3_600_000;

async function pass(ms: number): Promise<void> {
  vi.advanceTimersByTime(ms);
  await tick();
}

describe('PassKeeper', () => {
  it('gets the next pass when a fifth of the life is left, and gives that from then on', async () => {
    let issued = 0;
    const issue = async () => ({ credentials: `pass${++issued}`, expiresAt: Date.now() + HOUR });
    const keeper = await PassKeeper.start({ issue, now: Date.now, report: () => undefined });
    await pass(0.79 * HOUR);
    expect(keeper.credentials()).toBe('pass1');
    await pass(0.02 * HOUR);
    expect(keeper.credentials()).toBe('pass2');
    await pass(0.8 * HOUR);
    expect(keeper.credentials()).toBe('pass3');
    keeper.stop();
    await pass(5 * HOUR);
    expect(keeper.credentials()).toBe('pass3');
  });

  it('keeps the old pass through an outage, says so once, and tries until the next is there', async () => {
    const outcomes = ['a', null, null, 'b'];
    const said: string[] = [];
    const issue = async () => {
      const credentials = outcomes.shift();
      if (!credentials) throw new Error('no answer');
      return { credentials, expiresAt: Date.now() + HOUR };
    };
    const keeper = await PassKeeper.start({ issue, now: Date.now, report: (message) => said.push(message) });
    await pass(0.8 * HOUR);
    await pass(5000);
    expect(keeper.credentials()).toBe('a');
    expect(said).toEqual(['no answer']);
    await pass(5000);
    expect(keeper.credentials()).toBe('b');
    keeper.stop();
  });

  it('does not start without a first pass', async () => {
    const issue = () => Promise.reject(new Error('refused'));
    await expect(PassKeeper.start({ issue, now: Date.now, report: () => undefined })).rejects.toThrow('refused');
  });
});

it('reads the credentials of a proxy URL', () => {
  expect(Buffer.from(credentialsOf('http://t_1:a%40b@127.0.0.1:3128'), 'base64').toString()).toBe('t_1:a@b');
});
