import { expect, it } from 'vitest';
import { createMetrics } from '../../telemetry/metrics.ts';
import { MeterRelay, replayMetered } from './meter-relay.ts';

it('hands over what was read since the last time, and it comes to the same', () => {
  const act = (meter: Parameters<typeof replayMetered>[1]) => {
    meter.count('locktender_connections_refused_total');
    meter.count('locktender_guard_bytes_total', { direction: 'result' }, 40);
    meter.count('locktender_guard_bytes_total', { direction: 'result' }, 2);
    meter.count('locktender_guard_bytes_total', { direction: 'request' }, 1);
    for (const seconds of [0.000_001, 0.5, 20]) meter.observe('locktender_decision_seconds', seconds, { cached: 'no' });
    meter.set('locktender_flows', 3, { kind: 'tunnel' });
  };
  const [direct, relayed, relay] = [createMetrics(), createMetrics(), new MeterRelay()];
  act(direct);
  act(direct);
  for (let round = 0; round < 2; round += 1) {
    act(relay);
    replayMetered(relay.take(), relayed);
  }
  expect(relay.take()).toEqual([]);
  const lines = (text: string) => text.split('\n').sort();
  expect(lines(relayed.exposition())).toEqual(lines(direct.exposition()));
});
