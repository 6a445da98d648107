/** Whether a task may use a capability that is no network right, now. */

import type { Clock, Meter } from '../core/ports.ts';
import type { Principal } from '../core/principal.ts';
import { REASONS, type ReasonCode } from '../core/reasons.ts';
import type { MayUse } from '../isolates/bindings/storage-binding.ts';
import { markOf } from '../policy/control-index.ts';
import type { PolicySource } from '../policy/snapshot.ts';

export interface HeldParts {
  readonly source: PolicySource;
  readonly clock: Pick<Clock, 'now'>;
  readonly meter?: Pick<Meter, 'count'>;
}

export function heldCapability(principal: Principal, { source, clock, meter }: HeldParts): MayUse {
  return (capability) => {
    const { bundle, controls } = source.current();
    const because = (code: ReasonCode) => ({ code, message: `${REASONS[code].message}: \`${capability}\`` });
    if (!bundle.capabilities.has(capability)) {
      meter?.count('locktender_unclassified_total', { capability });
      return because('default_deny');
    }
    const now = clock.now();
    if (markOf(controls.killedTasks, principal.task, now)) return because('task_killed');
    if (markOf(controls.quarantinedTenants, principal.tenant, now)) return because('tenant_quarantined');
    if (!principal.capabilities.includes(capability)) return because('default_deny');
    return markOf(controls.revokedCapabilities, capability, now) ? because('capability_revoked') : null;
  };
}
