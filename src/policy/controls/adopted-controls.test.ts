import { expect, it } from 'vitest';
import { type Controls, NO_CONTROLS } from '../../core/controls.ts';
import { adoptedControls } from './adopted-controls.ts';
import { controlEffects } from './control-effects.ts';
import { patchBetween } from './control-patch.ts';

const mark = (change: string) => ({ by: 'ann', why: 'x', at: 1, until: null, change });
const copied = (controls: Controls): Controls => structuredClone(controls);
const blocked = (...names: string[]): Controls => ({
  ...NO_CONTROLS,
  version: 40,
  blockedCategories: Object.fromEntries(names.map((name) => [name, mark(`c_${name}`)])),
  hostOverrides: [{ ...mark('c_host'), effect: 'deny', host: 'a.test', tenant: null }],
});

it('finds no difference between controls that say the same', () => {
  const own = blocked('ads');
  expect(adoptedControls(own, copied(own))).toBeNull();
});

it('counts its versions by itself, and only what differs has effects', () => {
  const own = { ...blocked('ads'), version: 7 };
  const next = adoptedControls(own, copied(blocked('ads', 'net-disks')));
  if (next === null) throw new Error('nothing differs');
  expect(next.version).toBe(8);
  expect(controlEffects(own, next)).toMatchObject({
    cut: [{ facts: ['category:net-disks'], tenant: null }],
    rejudge: [],
    forget: [],
  });
  expect(patchBetween(own, next).marks.map(({ name }) => name)).toEqual(['net-disks']);
});

it('takes out what the hub no longer has, and takes a mark that was set again', () => {
  const own = blocked('ads', 'net-disks');
  const theirs = copied(blocked('ads'));
  const again = { ...theirs, blockedCategories: { ads: mark('c_later') }, hostOverrides: [] };
  const next = adoptedControls(own, again);
  expect(next?.blockedCategories).toEqual({ ads: mark('c_later') });
  expect(next?.hostOverrides).toEqual([]);
});

it('takes a name that every object has for what it is', () => {
  const theirs = { ...NO_CONTROLS, quarantinedTenants: { constructor: mark('c_1') } };
  expect(adoptedControls(NO_CONTROLS, theirs)?.quarantinedTenants).toEqual({ constructor: mark('c_1') });
});
