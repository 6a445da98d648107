import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decisionBody } from '../../test/record/log-fixture.ts';
import type { DecisionEvent, EventBody, FlowClosedEvent } from '../core/event.ts';
import { encodeEvent, inOrder } from './bounded-event.ts';
import { exchangeText, stampedExchange } from './event-text.ts';

const STAMP = { time: '2026-11-28T10:00:00.000Z', node: 'gate-1' };
const CLOSE = {
  bytes_down: 12,
  bytes_up: 0,
  cause: 'completed',
  change: null,
  decision: 'd_1',
  duration_ms: 3,
  id: 'f_1',
  reason: null,
  status: 200,
  task: 't_1',
  tenant: 'acme',
  type: 'flow.closed',
} as const;

/** Every value of an event may become anything of its kind, hostile text among it. */
function twisted<T extends object>(event: T): fc.Arbitrary<T> {
  const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.constant('\0"\\'), fc.constant('\ud800'));
  const any = (value: unknown): fc.Arbitrary<unknown> => {
    const same = fc.constant(value);
    if (typeof value === 'string' || value === null)
      return fc.oneof({ weight: 6, arbitrary: same }, text, fc.constant(null));
    if (typeof value === 'number') return fc.oneof({ weight: 6, arbitrary: same }, fc.integer(), fc.double());
    if (Array.isArray(value))
      return fc.oneof({ weight: 3, arbitrary: same }, fc.array(text).map(Object.freeze as never));
    if (typeof value === 'object') return twisted(value);
    return same;
  };
  return fc.record(
    Object.fromEntries(
      Object.entries(event).map(([key, value]) => [key, key === 'type' ? fc.constant(value) : any(value)]),
    ) as never,
  ) as never;
}

describe('the text of the events of exchanges', () => {
  it('is canonical wherever it is written directly, and written directly as a rule', () => {
    for (const body of [decisionBody(1), CLOSE] as EventBody[]) {
      const stamped = stampedExchange(body, STAMP);
      expect(stamped).toEqual({ ...body, ...STAMP, v: 1 });
      expect(Object.keys(stamped ?? {})).toEqual(Object.keys(stamped ?? {}).toSorted());
      expect(exchangeText(stamped as never)).toBe(canonicalize(stamped));
    }
  });

  it.each([
    ['decision', decisionBody(7)],
    ['flow.closed', CLOSE],
  ])('of kind %s is what another implementation writes, whatever its values', (_, body) => {
    fc.assert(
      fc.property(twisted(body as DecisionEvent | FlowClosedEvent), (event) => {
        const stamped = stampedExchange(event as EventBody, STAMP);
        const text = exchangeText(stamped as never);
        if (text !== null) expect(text).toBe(canonicalize(stamped));
        // And what is not written so is written by the general way, in full where that is possible.
        const { text: kept, truncated } = encodeEvent(stamped as object);
        if (!truncated) expect(kept).toBe(canonicalize(stamped));
      }),
      { numRuns: 500 },
    );
  });

  it('of one question are written from what the first left, and each says what is its own', () => {
    const body = decisionBody(7) as DecisionEvent;
    const frozen = <T extends object>(of: T): T =>
      Object.fromEntries(
        Object.entries(of).map(([key, v]) => [key, Array.isArray(v) ? Object.freeze([...v]) : v]),
      ) as T;
    const first = frozen({ ...body, ...STAMP, v: 1, input: frozen(body.input) });
    const others = (value: unknown): unknown[] => {
      if (value !== null && typeof value === 'object' && !Array.isArray(value)) return changed(value);
      if (Array.isArray(value)) return [Object.freeze([...value, 'other'])];
      return [typeof value === 'number' ? value + 1 : typeof value === 'boolean' ? !value : 'other', null];
    };
    const changed = (of: object): object[] =>
      Object.entries(of).flatMap(([key, value]) =>
        key === 'facts' || key === 'type' ? [] : others(value).map((other) => ({ ...of, [key]: other })),
      );
    for (const event of [{ ...first, rule: null }, ...changed(first)]) {
      for (const one of [first, event]) {
        const text = exchangeText(inOrder(one as never));
        expect(text ?? canonicalize(one)).toBe(canonicalize(one));
      }
    }
    expect(changed(first).length).toBeGreaterThan(40);
    const unknown = { ...first, rule: { file: null, id: 'r', line: 1, ...first.rule, more: 1 } };
    expect(exchangeText(inOrder(unknown as never))).toBeNull();
  });

  it('leaves alone what has a key that it does not know, or lacks one', () => {
    const more = { ...CLOSE, extra: 'x' } as unknown as EventBody;
    expect(stampedExchange(more, STAMP)).toBeNull();
    const { status: _, ...less } = CLOSE;
    expect(stampedExchange(less as unknown as EventBody, STAMP)).toBeNull();
    const whole = inOrder({ ...CLOSE, ...STAMP, v: 1, extra: 'x' } as never);
    expect(exchangeText(whole)).toBeNull();
    expect(encodeEvent(whole).text).toContain('"extra":"x"');
    const { input, ...rest } = decisionBody(1) as DecisionEvent;
    const stamped = stampedExchange({ ...rest, input: { ...input, extra: 1 } } as never, STAMP);
    expect(exchangeText(stamped as never)).toBeNull();
  });
});
