/** The tables of the query index, and what of an event goes into which column. */

import type { AuditEvent } from '../core/event.ts';

/** Raise it whenever columns or their meaning change: an index of another version is built anew. */
export const INDEX_VERSION = 2;

export const INDEX_SCHEMA = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, tenant TEXT, task TEXT,
    effect TEXT, reason TEXT, host TEXT, capability TEXT, rule TEXT, decision TEXT
  ) STRICT;
  CREATE TABLE IF NOT EXISTS categories (
    category TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (category, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS figures (
    slot INTEGER NOT NULL, name TEXT NOT NULL, label TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (slot, name, label)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS by_at ON events (at);
  CREATE INDEX IF NOT EXISTS by_id ON events (id);
  CREATE INDEX IF NOT EXISTS by_type ON events (type, seq);
  CREATE INDEX IF NOT EXISTS by_tenant ON events (tenant, seq) WHERE tenant IS NOT NULL;
  CREATE INDEX IF NOT EXISTS by_task ON events (task, seq) WHERE task IS NOT NULL;
  CREATE INDEX IF NOT EXISTS by_host ON events (host, seq) WHERE host IS NOT NULL;
  CREATE INDEX IF NOT EXISTS by_reason ON events (reason, seq) WHERE reason IS NOT NULL;
  CREATE INDEX IF NOT EXISTS by_decision ON events (decision) WHERE decision IS NOT NULL;
`;

export const SET_META = 'INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)';

export const INSERT_EVENT = `INSERT OR REPLACE INTO events
  (seq, at, id, type, tenant, task, effect, reason, host, capability, rule, decision)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

export interface IndexRow {
  readonly columns: readonly (string | number | null)[];
  readonly categories: readonly string[];
}

/** The columns of an entry, in the order of `INSERT_EVENT`. */
export function rowOf(seq: number, event: AuditEvent): IndexRow {
  const common = [seq, Date.parse(event.time), event.id, event.type, event.tenant, event.task];
  if (event.type !== 'decision') {
    const reason = 'reason' in event ? event.reason : null;
    const decision = 'decision' in event ? event.decision : null;
    return { columns: [...common, null, reason, null, null, null, decision], categories: [] };
  }
  const { effect, reason, capability, rule, input } = event;
  return {
    columns: [...common, effect, reason, input.host, capability, rule?.id ?? null, event.parent],
    categories: event.categories,
  };
}

export const ADD_FIGURE = `INSERT INTO figures (slot, name, label, n) VALUES (?, ?, ?, ?)
  ON CONFLICT (slot, name, label) DO UPDATE SET n = n + excluded.n`;

export const SUM_FIGURES = 'SELECT name, label, sum(n) AS n FROM figures WHERE slot >= ? GROUP BY name, label';

/** First slot, slots of a step, first slot, last slot. */
export const STEP_FIGURES = `SELECT (slot - ?) / ? AS step, name, label, sum(n) AS n FROM figures
  WHERE slot >= ? AND slot <= ? GROUP BY step, name, label`;
