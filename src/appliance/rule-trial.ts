/** A rule file tried: what its rules cost, what they find in a sample, and what past clean results they would have tripped on. */

import type { AnswerOf } from '../admin/contract.ts';
import type { Clock } from '../core/ports.ts';
import type { RuleSet } from '../dlp/compiled-rules.ts';
import { scanLayers } from '../dlp/scan-layers.ts';
import type { CleanSamples } from './clean-samples.ts';

type Tried = AnswerOf<'ruleTry'>;

const COST_BYTES = 131_072;
/** Most that one trial may spend on the past. */
const PAST_MS = 1000;
const MOST_HITS = 50;
const AROUND = 24;

/** Like what tools return: prose, JSON, a log, code; no two lines are the same. */
const COST_TEXT = costText();

export function costOf(set: RuleSet, inForce: RuleSet, clock: Pick<Clock, 'monotonic'>): Tried['cost'] {
  return { us_per_kb: cost(set, clock), all_us_per_kb: cost(inForce, clock) };
}

/** The second of two runs: the first compiles what is compiled late. */
function cost(set: RuleSet, clock: Pick<Clock, 'monotonic'>): number {
  scanLayers(COST_TEXT, set);
  const began = clock.monotonic();
  scanLayers(COST_TEXT, set);
  return ((clock.monotonic() - began) * 1000) / (COST_TEXT.length / 1024);
}

/** Places in UTF-16 code units: who reads them is a browser. */
export function findingsIn(sample: string, set: RuleSet): Tried['findings'] {
  const bytes = Buffer.from(sample, 'utf8');
  return scanLayers(bytes, set).map(({ rule, likelihood, start, end }) => ({
    rule: rule.spec.id,
    info_type: rule.spec.info_type,
    likelihood,
    start: bytes.toString('utf8', 0, start).length,
    end: bytes.toString('utf8', 0, end).length,
    action: rule.spec.actions.result,
  }));
}

export function pastOf(set: RuleSet, samples: CleanSamples, clock: Pick<Clock, 'monotonic'>): Tried['past'] {
  if (samples.most === 0) {
    return { samples: 0, tripped: 0, note: 'set guard.keep_clean_samples to keep some', hits: [] };
  }
  const until = clock.monotonic() + PAST_MS;
  const hits: Tried['past']['hits'][number][] = [];
  let [read, tripped] = [0, 0];
  for (const { at, tenant, bytes } of samples.list().toReversed()) {
    if (clock.monotonic() > until) break;
    read += 1;
    const found = scanLayers(bytes, set);
    if (found.length > 0) tripped += 1;
    for (const { rule, start, end } of found.slice(0, MOST_HITS - hits.length)) {
      const excerpt = bytes.toString('utf8', Math.max(0, start - AROUND), Math.min(bytes.length, end + AROUND));
      hits.push({ rule: rule.spec.id, at, tenant, excerpt });
    }
  }
  return { samples: read, tripped, note: read === 0 ? 'no clean result came yet' : '', hits };
}

function costText(): Buffer {
  let text = '';
  for (let i = 0; text.length < COST_BYTES; i += 1) {
    text += `${i} The deployment of service-${i % 37} took ${i * 7} ms, and nobody was paged.\n`;
    text += `{"id":${i},"name":"item ${i}","url":"https://host${i % 11}.example/p/${i}?q=a%20b","ok":true,"ratio":${i / 7}}\n`;
    text += `2026-01-${(i % 28) + 1}T10:00:00Z INFO worker[${i}] handled request in ${i % 900}us status=200\n`;
    text += `export const value${i} = (input) => input.map((row) => row.total * ${i}).filter(Boolean);\n`;
  }
  return Buffer.from(text.slice(0, COST_BYTES), 'utf8');
}
