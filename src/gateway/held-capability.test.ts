import { expect, it } from 'vitest';
import { controls, mark, NOW, principal, snapshot } from '../../test/policy/fixture.ts';
import type { EventBody } from '../core/event.ts';
import { heldCapability } from './held-capability.ts';

const NAME = 'storage.read.ephemeral';

it('does not hold what was taken away while its use was written down', async () => {
  let now = snapshot();
  const recorded: EventBody[] = [];
  const audit = {
    record: async (event: EventBody) => {
      const seq = recorded.push(event);
      await new Promise((resolve) => setImmediate(resolve));
      if (seq === 1) now = snapshot({ controls: controls({ revokedCapabilities: { [NAME]: mark() } }) });
      return { seq };
    },
    writable: () => true,
  };
  const heard: [string, boolean][] = [];
  const may = heldCapability(
    principal({ class: 'strict' }),
    { source: { current: () => now }, audit, clock: { now: () => NOW } },
    (decision, allowed) => heard.push([decision, allowed]),
  );
  expect(await may(NAME)).toMatchObject({ code: 'capability_revoked', decision: heard[1]?.[0] });
  expect(recorded).toMatchObject([{ effect: 'allow' }, { effect: 'deny', reason: 'capability_revoked' }]);
  expect(heard.map(([, allowed]) => allowed)).toEqual([true, false]);
  now = snapshot();
  expect(await may(NAME)).toBeNull();
  expect(await may(NAME)).toBeNull();
  expect(recorded).toHaveLength(3);
});
