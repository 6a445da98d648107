import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { controls, mark, NOW, principal, request, shippedBundle, snapshot } from '../../test/policy/fixture.ts';
import { changed, recorded } from '../../test/policy/recorded.ts';
import { canonicalJson, type Json } from '../core/canonical-json.ts';
import { type Controls, NO_CONTROLS } from '../core/controls.ts';
import type { AuditEvent, DecisionEvent } from '../core/event.ts';
import { Replay, type ReplayReport } from '../policy/trials/replay.ts';
import { judgeOf } from './replay-log.ts';
import { ReplayMemo } from './replay-memo.ts';

const BLOCKED: Controls = controls({ blockedCategories: { documentation: mark({ until: NOW + 50 }) } });

const bytesOf = (event: AuditEvent) => Buffer.from(canonicalJson(event as unknown as Json));

function plain(events: readonly AuditEvent[]): ReplayReport {
  const replay = new Replay({ bundleOf: () => shippedBundle(), candidate: null });
  for (const event of events) replay.feed(event);
  return replay.finish();
}

function remembered(events: readonly AuditEvent[]): ReplayReport {
  const replay = new Replay({ bundleOf: () => shippedBundle(), candidate: null });
  const judge = judgeOf(replay);
  for (const event of events) judge(bytesOf(event));
  return replay.finish();
}

function asked(host: string, at: number, more: { controls: Controls; expiresAt?: number }): DecisionEvent {
  const who = more.expiresAt === undefined ? {} : { principal: principal({ expiresAt: more.expiresAt }) };
  return recorded(request('GET', `https://${host}/`, { now: NOW + at, ...who }), snapshot({ controls: more.controls }));
}

type Harm = 'none' | 'reason' | 'now' | 'fact' | 'controls';

const HARMS: Readonly<Record<Harm, (event: DecisionEvent) => DecisionEvent>> = {
  none: (event) => event,
  reason: (event) => ({ ...event, reason: 'host_override_deny' }),
  now: (event) => ({ ...event, input: { ...event.input, now: event.input.now + 40 } }),
  fact: (event) => ({ ...event, facts: [...event.facts, 'host:x'] }),
  controls: (event) => ({ ...event, input: { ...event.input, controls: 77 } }),
};

function seen(of: { host: string; at: number; blocked: boolean; expires: number | undefined }): DecisionEvent {
  const more = { controls: of.blocked ? BLOCKED : NO_CONTROLS };
  return asked(of.host, of.at, of.expires === undefined ? more : { ...more, expiresAt: of.expires });
}

describe('replay that remembers', () => {
  it('reports what replay reports without remembering, for any log, also a corrupted one', () => {
    const one = fc.record({
      host: fc.constantFrom('docs.python.org', 'example.org', 'pastebin.com'),
      at: fc.integer({ min: 0, max: 100 }),
      blocked: fc.boolean(),
      expires: fc.constantFrom(undefined, NOW + 30, NOW + 10_000),
      harm: fc.constantFrom<Harm>('none', 'none', 'none', 'reason', 'now', 'fact', 'controls'),
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 60 }), fc.nat(60), (all, changeAt) => {
        const events: AuditEvent[] = all.map((of) => HARMS[of.harm](seen(of)));
        events.splice(changeAt, 0, changed(NO_CONTROLS, BLOCKED));
        expect(remembered(events)).toEqual(plain(events));
      }),
      { numRuns: 200 },
    );
  });

  it('does not take for the same what came after the end of a pass or of a control', () => {
    const ends = { controls: BLOCKED };
    const first = asked('docs.python.org', 10, ends);
    expect(first.reason).toBe('category_blocked');
    const late = { ...first, id: 'd_late', input: { ...first.input, now: NOW + 60 } };
    const events = [changed(NO_CONTROLS, BLOCKED), first, { ...first, id: 'd_same' }, late];
    expect(remembered(events)).toMatchObject({ decisions: 3, differences: 1, groups: [{ example: 'd_late' }] });
  });

  it.each([
    ['another result', { effect: 'deny' }],
    ['a record that was shortened', { truncated: ['input.matched'] }],
    ['another task', { task: 't_other' }],
  ])('tells %s apart', (_, more) => {
    const memo = new ReplayMemo();
    const event = asked('example.org', 0, { controls: NO_CONTROLS });
    const known = memo.likeness(bytesOf(event));
    const other = memo.likeness(bytesOf({ ...event, ...more } as DecisionEvent));
    const same = { ...event, id: 'd_2', parent: 'd_1', time: '2026-12-01T00:00:00.000Z' };
    expect(known?.key).not.toBe(other?.key);
    expect(memo.likeness(bytesOf(same))).toEqual(known);
  });

  it('has no likeness for what is no decision', () => {
    const memo = new ReplayMemo();
    expect(memo.likeness(bytesOf(changed(NO_CONTROLS, BLOCKED)))).toBeNull();
    expect(memo.likeness(Buffer.from('{"id":"d_1","input":{"now":1}}'))).toBeNull();
  });
});
