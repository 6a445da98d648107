import { expect, test } from 'vitest';
import { JsonText } from '../core/json-order.ts';
import { jsonText } from './json-value.ts';

test('a value of an order is text that was read already, as it is', () => {
  const text = new JsonText('{"__proto__":12345678901234567890}');
  expect(jsonText.parse(text)).toBe(text);
  expect(jsonText.safeParse({ text: '1' }).success).toBe(false);
});
