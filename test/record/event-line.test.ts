/** Recorded events as people read them. */

import { expect, it } from 'vitest';
import { eventLine } from '../../src/cli/event-line.ts';
import type { AuditEvent } from '../../src/core/event.ts';
import { everyEvent } from './every-event.ts';

it('every kind says in one line what happened', () => {
  for (const event of everyEvent) {
    const line = eventLine(7, event);
    expect(line.startsWith(`7 ${event.time} ${event.type} `), line).toBe(true);
    expect(line.split(' ').length, line).toBeGreaterThan(5);
    expect(line).not.toMatch(/undefined|null|\[object|\n/);
  }
});

const CHANGED = everyEvent.find((event) => event.type === 'control.changed');

it('a change names what, who, how long and why, and brings no control character to the terminal', () => {
  const action = { do: 'host.deny', host: 'x.example', tenant: 'acme' };
  const more = { action, by: 'ada', approved_by: 'bob', until: Date.UTC(2026, 10, 28), why: 'odd\u001b[2J\ntraffic' };
  expect(eventLine(1, { ...CHANGED, ...more, receipt: null } as AuditEvent)).toBe(
    `1 ${CHANGED?.time} control.changed - - host.deny x.example for acme by ada and bob until 2026-11-28T00:00:00.000Z because odd?[2J?traffic`,
  );
  const quarantine = { do: 'tenant.quarantine', tenant: 'acme' };
  expect(eventLine(1, { ...CHANGED, action: quarantine } as AuditEvent)).toContain(' tenant.quarantine acme by ');
});

it('a kind of a newer version has its head', () => {
  expect(eventLine(3, { ...CHANGED, type: 'sealed.later' } as never)).toBe(`3 ${CHANGED?.time} sealed.later - -`);
});
