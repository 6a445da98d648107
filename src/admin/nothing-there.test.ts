import { expect, it } from 'vitest';
import { NO_CONTROLS } from '../core/controls.ts';
import { nothingBack, nothingThere } from './nothing-there.ts';
import type { AdminPorts } from './ports.ts';

const none = () => [];
const live: AdminPorts['live'] = { flows: none, dependants: none, tasks: none, named: none };
const kill = { do: 'task.kill', task: 't_1', tenant: null } as const;
const quarantine = { do: 'tenant.quarantine', tenant: 'acme' } as const;

it.each([kill, quarantine])('a hub does not say of $do that nothing has the name: its members may', (action) => {
  const fleet = {} as AdminPorts['fleet'];
  expect(nothingThere({ live, fleet: null }, action)).toContain('is live');
  expect(nothingThere({ live, fleet }, action)).toBe(null);
});

it('says of what takes back alone that nothing was there', () => {
  const after = { ...NO_CONTROLS, version: 1 };
  expect(nothingBack({ do: 'tenant.release', tenant: 'acme' }, NO_CONTROLS, after)).toContain('nothing was taken back');
  expect(nothingBack(quarantine, NO_CONTROLS, after)).toBe(null);
});
