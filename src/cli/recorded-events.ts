/** Recorded events as the log of a state directory holds them, with or without an appliance running on it. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { keptFrom } from '../audit/pruning.ts';
import { readCheckedEntries } from '../audit/read.ts';
import type { Controls } from '../core/controls.ts';
import type { AuditEvent, DecisionEvent } from '../core/event.ts';
import { ControlsHistory } from '../policy/controls/controls-history.ts';

/** A decision, and the controls that it was made under; null when the log no longer says. */
export interface RecordedDecision {
  readonly event: DecisionEvent;
  readonly controls: Controls | null;
}

export function hasLog(state: string): boolean {
  return existsSync(join(state, 'audit'));
}

/** Decisions from an instant (epoch ms) on, in the order of the log, from its first entry that is kept. */
export function* recordedDecisions(state: string, since = 0): Generator<RecordedDecision> {
  const dir = join(state, 'audit');
  const kept = keptFrom(dir);
  const history = new ControlsHistory(kept?.controls);
  for (const { bytes } of readCheckedEntries(dir, kept?.first)) {
    if (!bytes.includes('"type":"decision"') && !bytes.includes('"type":"control.changed"')) continue;
    const event = JSON.parse(bytes.toString('utf8')) as AuditEvent;
    if (event.type === 'control.changed') history.add(event);
    else if (event.type === 'decision' && event.input.now >= since) {
      yield { event, controls: history.at(event.input.controls) };
    }
  }
}
