import { expect, it } from 'vitest';
import { heapInUse } from '../../../test/collected.ts';
import { readRequestHead } from '../../wire/http-head.ts';
import { FieldLeaks } from './field-leaks.ts';

const of = { tenant: 't', task: 'k', host: 'api.test' };
/** Counts for nothing: it goes no further than here. */
const PADDING = `Proxy-Connection: ${'x'.repeat(30_000)}`;

function headersOf(field: string): (readonly [string, string])[] {
  const head = readRequestHead(Buffer.from(`GET / HTTP/1.1\r\nHost: api.test\r\n${PADDING}\r\n${field}\r\n\r\n`));
  if (!head?.ok) throw new Error('no head');
  return [...head.value.headers];
}

it('T-48 of what a task said by its fields no more is kept than counts', () => {
  const leaks = new FieldLeaks();
  const before = heapInUse();
  for (let i = 0; i < 300; i += 1) {
    const leak = leaks.of({ ...of, headers: headersOf(`X-Name-Of-Field-${i}: the value of a field`) });
    expect(leak.bytes).toBe(0);
    leak.keep();
  }
  // Their heads are 9 MB.
  expect(heapInUse() - before).toBeLessThan(2e6);
  expect(leaks.of({ ...of, headers: headersOf('X-Name-Of-Field-7: the value of a field') }).news).toEqual([]);
});
