/** Controls that replay is to suppose: `category.block=paste-sites`, on top of those of then. */

import { type ControlAction, type ControlMark, type Controls, NO_CONTROLS } from '../../core/controls.ts';
import { didYouMean } from '../../core/nearest.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { Bundle } from '../bundle/bundle.ts';
import { nextControls } from './control-change.ts';

const ACTIONS: Readonly<Record<string, (name: string) => ControlAction>> = {
  'category.block': (category) => ({ do: 'category.block', category }),
  'category.unblock': (category) => ({ do: 'category.unblock', category }),
  'capability.revoke': (capability) => ({ do: 'capability.revoke', capability }),
  'capability.restore': (capability) => ({ do: 'capability.restore', capability }),
  'tenant.quarantine': (tenant) => ({ do: 'tenant.quarantine', tenant }),
  'tenant.release': (tenant) => ({ do: 'tenant.release', tenant }),
  'host.allow': (host) => ({ do: 'host.allow', host, tenant: null }),
  'host.deny': (host) => ({ do: 'host.deny', host, tenant: null }),
  'host.clear': (host) => ({ do: 'host.clear', host, tenant: null }),
};

const MARK: ControlMark = { by: 'replay', why: 'supposed', at: 0, until: null, change: 'supposed' };

/** How `texts` change any controls; the version stays that of then. The error is for whoever wrote them. */
export function supposedControls(
  texts: readonly string[],
  bundle: Bundle,
): Result<(then: Controls) => Controls, string> {
  const actions: ControlAction[] = [];
  for (const text of texts) {
    const [kind = '', name = ''] = text.split('=', 2);
    const make = Object.hasOwn(ACTIONS, kind) ? ACTIONS[kind] : undefined;
    if (!make || name === '')
      return err(`\`${text}\` is no supposed control; write for example \`category.block=gambling\`${nearest(kind)}`);
    actions.push(make(name));
  }
  const applied = (then: Controls) =>
    actions.reduce<Result<Controls, string>>(
      (controls, action) => (controls.ok ? nextControls(controls.value, action, MARK, bundle) : controls),
      ok(then),
    );
  // Whether an action is sound depends on the bundle alone, so what fits no controls fits all.
  const sound = applied(NO_CONTROLS);
  if (!sound.ok) return sound;
  const made = new WeakMap<Controls, Controls>();
  return ok((then) => {
    const known = made.get(then);
    if (known) return known;
    const after = applied(then);
    const controls = after.ok ? { ...after.value, version: then.version } : then;
    made.set(then, controls);
    return controls;
  });
}

function nearest(kind: string): string {
  return Object.hasOwn(ACTIONS, kind) ? '' : `; ${didYouMean(kind, Object.keys(ACTIONS))}`;
}
