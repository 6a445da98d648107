/**
 * The query index: SQLite, derived from the log and never the other way round. It can be deleted at any time; it is
 * built again from the entries. What is answered are the entries themselves, read from the log.
 */

import { rmSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { AuditEvent, EventType } from '../core/event.ts';
import {
  ADD_FIGURE,
  INDEX_SCHEMA,
  INDEX_VERSION,
  INSERT_EVENT,
  rowOf,
  STEP_FIGURES,
  SUM_FIGURES,
} from './index-schema.ts';
import { type Figures, figuresOf, SLOT_MS } from './level-figures.ts';
import { readEntries } from './read.ts';

export interface EventFilter {
  readonly type?: EventType | string | undefined;
  readonly tenant?: string | undefined;
  readonly task?: string | undefined;
  readonly host?: string | undefined;
  readonly category?: string | undefined;
  readonly capability?: string | undefined;
  readonly effect?: 'allow' | 'deny' | undefined;
  readonly reason?: string | undefined;
  /** Id of a policy rule, for example `capability:net.read.public#1`. */
  readonly rule?: string | undefined;
  /** Id of an event, or of the decision that an event belongs to. */
  readonly id?: string | undefined;
  /** Epoch ms, both inclusive. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** Only entries before this sequence, to page on. */
  readonly before?: number | undefined;
  /** Somewhere in the entry, as it is written. Slow: reads what the other filters leave. */
  readonly text?: string | undefined;
  readonly limit: number;
}

export interface FoundEvent {
  readonly seq: number;
  readonly event: AuditEvent;
}

export interface FoundSummary {
  readonly count: number;
  readonly tenants: readonly string[];
  readonly tasks: readonly string[];
  readonly hosts: readonly string[];
}

/** Entries put into the index in one transaction. */
const BATCH = 4096;

export class QueryIndex {
  readonly #dir: string;
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #insertCategory: StatementSync;
  readonly #addFigure: StatementSync;
  #size: number;

  /** Use `openQueryIndex`. */
  constructor(dir: string, database: DatabaseSync) {
    this.#dir = dir;
    this.#database = database;
    this.#insert = database.prepare(INSERT_EVENT);
    this.#insertCategory = database.prepare('INSERT OR REPLACE INTO categories (category, seq) VALUES (?, ?)');
    this.#addFigure = database.prepare(ADD_FIGURE);
    const last = database.prepare('SELECT max(seq) AS last FROM events').get();
    this.#size = typeof last?.['last'] === 'number' ? last['last'] + 1 : 0;
  }

  /** Entries that are in the index. */
  get size(): number {
    return this.#size;
  }

  /**
   * Takes in entries of the log up to but not including `to`, at most `limit` of them, so that a caller who must not
   * block can take turns. Says how many it took: 0 when there is nothing left. Entries that were pruned are skipped
   * by naming the first that is kept.
   */
  catchUp(to: number, limit = BATCH, firstKept = 0): number {
    const from = Math.max(this.#size, firstKept);
    const end = Math.min(to, from + limit);
    if (end <= from) return 0;
    this.#database.exec('BEGIN');
    try {
      for (const { seq, bytes } of readEntries(this.#dir, from, end)) this.#add(seq, bytes);
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
    this.#size = end;
    return end - from;
  }

  /** Forgets entries before `firstKept`, which were pruned. Figures stay: they are sums. */
  forget(firstKept: number): void {
    this.#database.prepare('DELETE FROM categories WHERE seq < ?').run(firstKept);
    this.#database.prepare('DELETE FROM events WHERE seq < ?').run(firstKept);
  }

  /** Newest first. Only what is in the index: `catchUp` first. */
  query(filter: EventFilter): FoundEvent[] {
    const { clauses, values } = conditions(filter);
    const where = clauses.length === 0 ? '' : `WHERE ${clauses.join(' AND ')}`;
    const statement = this.#database.prepare(`SELECT seq FROM events ${where} ORDER BY seq DESC`);
    const found: FoundEvent[] = [];
    if (filter.limit < 1) return found;
    for (const row of statement.iterate(...values)) {
      const seq = Number(row['seq']);
      const text = this.#entry(seq);
      if (text === null || (filter.text !== undefined && !text.includes(filter.text))) continue;
      found.push({ seq, event: JSON.parse(text) as AuditEvent });
      if (found.length >= filter.limit) break;
    }
    return found;
  }

  /** How many entries fit, and which tenants, tasks and hosts they name: at most `most` of each, sorted. */
  summary(filter: Omit<EventFilter, 'limit' | 'text'>, most: number): FoundSummary {
    const { clauses, values } = conditions({ ...filter, limit: 0 });
    const where = clauses.length === 0 ? '' : `WHERE ${clauses.join(' AND ')}`;
    const counted = this.#database.prepare(`SELECT count(*) AS n FROM events ${where}`).get(...values);
    const named = (column: 'tenant' | 'task' | 'host') => {
      const and = where === '' ? 'WHERE' : `${where} AND`;
      const text = `SELECT DISTINCT ${column} AS name FROM events ${and} ${column} IS NOT NULL ORDER BY 1 LIMIT ?`;
      return this.#database
        .prepare(text)
        .all(...values, most)
        .map((row) => String(row['name']));
    };
    return { count: Number(counted?.['n'] ?? 0), tenants: named('tenant'), tasks: named('task'), hosts: named('host') };
  }

  /** As `figures`, for each step of `stepMs` from `since` to `until`; by the number of the step. */
  figuresBySteps(since: number, until: number, stepMs: number): ReadonlyMap<number, Figures> {
    const slots = Math.max(1, Math.round(stepMs / SLOT_MS));
    const first = Math.floor(since / SLOT_MS);
    const steps = new Map<number, Map<string, Map<string, number>>>();
    for (const row of this.#database.prepare(STEP_FIGURES).iterate(first, slots, first, Math.floor(until / SLOT_MS))) {
      const step = Number(row['step']);
      const sums = steps.get(step) ?? new Map<string, Map<string, number>>();
      const name = String(row['name']);
      steps.set(step, sums.set(name, (sums.get(name) ?? new Map()).set(String(row['label']), Number(row['n']))));
    }
    return steps;
  }

  /** What the service levels are made of, from the slot of `since` (epoch ms) on. Only what is in the index. */
  figures(since: number): Figures {
    const sums = new Map<string, Map<string, number>>();
    for (const row of this.#database.prepare(SUM_FIGURES).iterate(Math.floor(since / SLOT_MS))) {
      const name = String(row['name']);
      const labels = sums.get(name) ?? new Map<string, number>();
      sums.set(name, labels.set(String(row['label']), Number(row['n'])));
    }
    return sums;
  }

  close(): void {
    this.#database.close();
  }

  #add(seq: number, bytes: Buffer): void {
    const event = JSON.parse(bytes.toString('utf8')) as AuditEvent;
    const { columns, categories } = rowOf(seq, event);
    const slot = Math.floor(Date.parse(event.time) / SLOT_MS);
    this.#insert.run(...columns);
    for (const category of categories) this.#insertCategory.run(category, seq);
    for (const { name, label, n } of figuresOf(event)) this.#addFigure.run(slot, name, label, n);
  }

  #entry(seq: number): string | null {
    for (const { bytes } of readEntries(this.#dir, seq, seq + 1)) return bytes.toString('utf8');
    return null;
  }
}

/** Opens or makes the index of a log directory at `path`; one that is damaged or of another version is made anew. */
export function openQueryIndex(dir: string, path: string): QueryIndex {
  try {
    return new QueryIndex(dir, openDatabase(path));
  } catch (error) {
    if (error instanceof Error && !/stale|malformed|not a database|corrupt|no such/.test(error.message)) throw error;
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${suffix}`, { force: true });
    return new QueryIndex(dir, openDatabase(path));
  }
}

function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    // Derived data: after a power cut it is at worst damaged, and then built again.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA busy_timeout = 2000');
    database.exec(INDEX_SCHEMA);
    const known = database.prepare("SELECT value FROM meta WHERE name = 'version'").get();
    if (known !== undefined && known['value'] !== String(INDEX_VERSION)) throw new Error('stale index');
    database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('version', ?)").run(String(INDEX_VERSION));
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

const EQUAL = ['type', 'tenant', 'task', 'host', 'capability', 'effect', 'reason', 'rule'] as const;

function conditions(filter: EventFilter): { clauses: string[]; values: (string | number)[] } {
  const clauses: string[] = [];
  const values: (string | number)[] = [];
  const add = (clause: string, ...given: (string | number | undefined)[]) => {
    const known = given.filter((value) => value !== undefined);
    if (known.length === 0) return;
    clauses.push(clause);
    values.push(...known);
  };
  for (const column of EQUAL) add(`${column} = ?`, filter[column]);
  add('at >= ?', filter.since);
  add('at <= ?', filter.until);
  add('seq < ?', filter.before);
  add('(id = ? OR decision = ?)', filter.id, filter.id);
  add('seq IN (SELECT seq FROM categories WHERE category = ?)', filter.category);
  return { clauses, values };
}
