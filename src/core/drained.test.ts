import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { drained } from './drained.ts';

function writing() {
  return Object.assign(new EventEmitter(), { destroyed: false });
}

it.each(['drain', 'close'] as const)('resolves at `%s` and leaves nothing behind', async (event) => {
  const to = writing();
  for (let n = 0; n < 100; n += 1) {
    const waited = drained(to);
    to.emit(event);
    await waited;
  }
  expect(to.listenerCount('drain') + to.listenerCount('close')).toBe(0);
});

it('waits for nothing that is destroyed: it has told of its end already', async () => {
  const to = Object.assign(writing(), { destroyed: true });
  await drained(to);
  expect(to.listenerCount('drain') + to.listenerCount('close')).toBe(0);
});
