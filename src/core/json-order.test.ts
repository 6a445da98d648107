import { expect, it, test } from 'vitest';
import { JsonText, type OrderReading, readOrder } from './json-order.ts';

async function read(body: string | Uint8Array, reading: OrderReading = {}) {
  let pauses = 0;
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const order = await readOrder(bytes, reading, async () => {
    pauses += 1;
  });
  return { order: order.ok ? order.value : order.error, pauses };
}

const nested = (levels: number) => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`;

test.each<[text: string, order: unknown]>([
  ['{"a":[1,{"b":null}],"c":"\\u0041"}', { a: [1, { b: null }], c: 'A' }],
  ['{"__proto__":{"a":1}}', JSON.parse('{"__proto__":{"a":1}}')],
  [`[${'1,'.repeat(100_000)}1]`, []],
  ['"a"', 'a'],
  ['{"a":1,"a":2}', 'body: `a` stands twice in one object; give it once'],
  [
    `{"a":[{"${'b'.repeat(300)}":1,"${'b'.repeat(300)}":2}]}`,
    `body: \`${'b'.repeat(100)}\` stands twice in one object; give it once`,
  ],
  ['{"a":1e400}', '`a` holds a number that is too large'],
  [nested(1001), '`a` is nested deeper than 1000 levels; make it flatter'],
  [`{"a":[${'1,'.repeat(40_000)}1]}`, '`a` is larger than it may be'],
  [`{${Array.from({ length: 100_000 }, (_, i) => `"${i}":1`).join(',')}}`, 'the body has more than 64 members'],
  ['{"a":1', 'the body is not valid JSON in UTF-8'],
])('%.60s is read as an order', async (text, order) => {
  expect((await read(text)).order).toEqual(order);
});

it('is in UTF-8', async () => {
  expect((await read(Uint8Array.of(0x22, 0xff, 0x22))).order).toBe('the body is not valid JSON in UTF-8');
});

it('leaves what may be any JSON as it was sent, and lets others have their turn', async () => {
  const free = `[12345678901234567890${',{"b":1}'.repeat(200_000)}]`;
  const { order, pauses } = await read(`{"a": ${free} ,"c":"d"}`, { free: 'a' });
  expect((order as { a: JsonText }).a.text === free).toBe(true);
  expect(order).toEqual({ a: expect.any(JsonText), c: 'd' });
  expect(pauses).toBeGreaterThan(free.length / 40_000);
});

it('takes a thousand levels', async () => {
  expect((await read(nested(1000))).order).toEqual(JSON.parse(nested(1000)));
});

it('looks for names only as deep as it is told to', async () => {
  expect((await read('{"a":{"b":1,"b":2}}', { levels: 1 })).order).toEqual({ a: { b: 2 } });
});
