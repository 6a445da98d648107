import { expect, it } from 'vitest';
import { IsolateServices } from './isolate-services.ts';
import { LIMITS } from './protocol.ts';

it('T-66 a call that no frame holds waits for nothing, and takes no place of others', () => {
  const services = new IsolateServices({
    call: (_call, json) => {
      if (json === 'large') throw new RangeError('frame larger than the limit');
    },
    log: () => undefined,
    answer: () => undefined,
  });
  for (let i = 0; i < LIMITS.callsInFlight + 1; i += 1) expect(services.serve(['call', i, 'large'])).not.toBe(true);
  for (let i = 0; i < LIMITS.callsInFlight; i += 1) expect(services.serve(['call', i, '{}'])).toBe(true);
  expect(services.serve(['call', 0, '{}'])).toBe(false);
  services.answered();
  expect(services.serve(['call', 0, '{}'])).toBe(true);
  services.end();
});
