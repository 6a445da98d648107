/**
 * The query index: SQLite, derived from the log and never the other way round. It can be deleted at any time; it is
 * built again from the entries. What is answered are the entries themselves, read from the log.
 */

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { AuditEvent, EventType } from '../core/event.ts';
import { parseHost } from '../core/host.ts';
import {
  closeDatabase,
  isDamage,
  isUnwritable,
  metaOf,
  openDatabase,
  removeDatabase,
  StaleIndex,
} from './index-database.ts';
import { ADD_FIGURE, INSERT_EVENT, rowOf, SET_META, STEP_FIGURES, SUM_FIGURES } from './index-schema.ts';
import { type Figures, figuresOf, SLOT_MS } from './level-figures.ts';
import { leafHash } from './merkle.ts';
import { firstKept } from './pruning.ts';
import { EntriesMissing, EntryAltered, EntryLookup, readCheckedEntries, readEntries } from './read.ts';

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

/** The index was damaged and has been emptied: bring it up to the log again, and ask again. */
export class IndexRemade extends Error {
  readonly code = 'INDEX_REMADE';
}

/** It cannot take in what is new, such as on a full disk; the log is not harmed. */
export class IndexUnwritable extends Error {
  readonly code = 'INDEX_UNWRITABLE';
}

export class QueryIndex {
  readonly #dir: string;
  readonly #path: string;
  #database: DatabaseSync;
  #insert: StatementSync;
  #insertCategory: StatementSync;
  #addFigure: StatementSync;
  #size = 0;

  /** Use `openQueryIndex`. */
  constructor(dir: string, path: string, database: DatabaseSync) {
    this.#dir = dir;
    this.#path = path;
    this.#database = database;
    [this.#insert, this.#insertCategory, this.#addFigure] = insertsOf(database);
    this.#size = this.#indexed();
  }

  /** Entries that are in the index. */
  get size(): number {
    return this.#size;
  }

  /**
   * Takes in entries of the log up to but not including `to`, at most `limit` of them, so that a caller who must not
   * block can take turns. Says how many it took: 0 when there is nothing left. Entries that were pruned are skipped, and forgotten,
   * by naming the first that is kept. Throws `EntriesMissing` and `EntryAltered`: what is under a wrong name would not be found.
   */
  catchUp(to: number, limit = BATCH, firstKept = 0): number {
    if (firstKept > 0 && this.#unharmed(() => this.#oldest()) < firstKept) this.forget(firstKept);
    if (Math.max(this.#size, firstKept) >= to) return 0;
    return this.#unharmed(() => this.#takeIn(to, limit, firstKept));
  }

  #takeIn(to: number, limit: number, firstKept: number): number {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      // Another process may have taken some in meanwhile: what is summed may be so only once.
      const from = Math.max(this.#indexed(), firstKept);
      const end = Math.max(from, Math.min(to, from + limit));
      let last: Buffer | null = null;
      for (const { seq, bytes } of readCheckedEntries(this.#dir, from, end)) {
        this.#add(seq, bytes);
        if (seq === end - 1) last = leafHash(bytes);
      }
      if (last !== null) this.#database.prepare(SET_META).run('last', `${end - 1} ${last.toString('hex')}`);
      this.#database.exec('COMMIT');
      this.#size = end;
      return end - from;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Forgets entries before `firstKept`, which were pruned. Figures stay: they are sums. */
  forget(firstKept: number): void {
    try {
      this.#unharmed(() => {
        this.#database.prepare('DELETE FROM categories WHERE seq < ?').run(firstKept);
        this.#database.prepare('DELETE FROM events WHERE seq < ?').run(firstKept);
      });
    } catch (error) {
      // Then it has forgotten everything.
      if (!(error instanceof IndexRemade)) throw error;
    }
  }

  /** Newest first. Only what is in the index: `catchUp` first. Throws `EntriesMissing` and `EntryAltered` for what cannot be shown as it was recorded. */
  query(filter: EventFilter): FoundEvent[] {
    return filter.limit < 1 ? [] : this.#unharmed(() => this.#found(filter));
  }

  #found(filter: EventFilter): FoundEvent[] {
    const { clauses, values } = conditions(filter);
    const where = clauses.length === 0 ? '' : `WHERE ${clauses.join(' AND ')}`;
    const statement = this.#database.prepare(`SELECT seq FROM events ${where} ORDER BY seq DESC`);
    const found: FoundEvent[] = [];
    const entries = new EntryLookup(this.#dir);
    for (const row of statement.iterate(...values)) {
      const seq = Number(row['seq']);
      const text = entries.get(seq).toString('utf8');
      if (filter.text !== undefined && !text.includes(filter.text)) continue;
      found.push({ seq, event: JSON.parse(text) as AuditEvent });
      if (found.length >= filter.limit) break;
    }
    return found;
  }

  /** How many entries fit, and which tenants, tasks and hosts they name: at most `most` of each, sorted. */
  summary(filter: Omit<EventFilter, 'limit' | 'text'>, most: number): FoundSummary {
    return this.#unharmed(() => this.#summed(filter, most));
  }

  #summed(filter: Omit<EventFilter, 'limit' | 'text'>, most: number): FoundSummary {
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
    return this.#unharmed(() => this.#steps(since, until, stepMs));
  }

  #steps(since: number, until: number, stepMs: number): ReadonlyMap<number, Figures> {
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
    return this.#unharmed(() => this.#sums(since));
  }

  #sums(since: number): Figures {
    const sums = new Map<string, Map<string, number>>();
    for (const row of this.#database.prepare(SUM_FIGURES).iterate(Math.floor(since / SLOT_MS))) {
      const name = String(row['name']);
      const labels = sums.get(name) ?? new Map<string, number>();
      sums.set(name, labels.set(String(row['label']), Number(row['n'])));
    }
    return sums;
  }

  close(): void {
    closeDatabase(this.#database);
  }

  #add(seq: number, bytes: Buffer): void {
    const event = this.#event(seq, bytes);
    const { columns, categories } = rowOf(seq, event);
    const slot = Math.floor(Date.parse(event.time) / SLOT_MS);
    this.#insert.run(...columns);
    for (const category of categories) this.#insertCategory.run(category, seq);
    for (const { name, label, n } of figuresOf(event)) this.#addFigure.run(slot, name, label, n);
  }

  #event(seq: number, bytes: Buffer): AuditEvent {
    try {
      return JSON.parse(bytes.toString('utf8')) as AuditEvent;
    } catch {
      throw new EntryAltered(this.#dir, seq);
    }
  }

  /** Entries that are in the index, as it says itself. */
  #indexed(): number {
    const last = this.#database.prepare('SELECT max(seq) AS last FROM events').get()?.['last'];
    return typeof last === 'number' ? last + 1 : 0;
  }

  #oldest(): number {
    const first = this.#database.prepare('SELECT min(seq) AS first FROM events').get()?.['first'];
    return typeof first === 'number' ? first : Number.POSITIVE_INFINITY;
  }

  /** What damage stops is not tried again: the index is made anew, empty, and whoever asked is told so. */
  #unharmed<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      if (isUnwritable(error)) throw unwritable(error);
      if (!isDamage(error)) throw error;
      this.#database.close();
      removeDatabase(this.#path);
      this.#database = openDatabase(this.#path);
      [this.#insert, this.#insertCategory, this.#addFigure] = insertsOf(this.#database);
      this.#size = 0;
      throw new IndexRemade('the query index was damaged and is built again');
    }
  }
}

function unwritable(error: unknown): IndexUnwritable {
  const why = error instanceof Error ? error.message : 'unknown';
  return new IndexUnwritable(
    `the query index cannot be written (${why}); make room on the disk of the state directory`,
  );
}

function insertsOf(database: DatabaseSync): readonly [StatementSync, StatementSync, StatementSync] {
  const category = 'INSERT OR REPLACE INTO categories (category, seq) VALUES (?, ?)';
  return [database.prepare(INSERT_EVENT), database.prepare(category), database.prepare(ADD_FIGURE)];
}

/**
 * Opens or makes the index of a log directory at `path` (empty: one that goes with the process); one that is damaged, of
 * another version or of another log, such as that before a restored backup, is made anew.
 */
export function openQueryIndex(dir: string, path: string): QueryIndex {
  try {
    const database = openDatabase(path);
    try {
      if (!isOf(dir, database)) throw new StaleIndex();
      return new QueryIndex(dir, path, database);
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
    removeDatabase(path);
    return new QueryIndex(dir, path, openDatabase(path));
  }
}

/** Is the entry that was taken in last still where it was? One that retention took cannot say. */
function isOf(dir: string, database: DatabaseSync): boolean {
  const [seq, hash] = metaOf(database, 'last')?.split(' ') ?? [];
  if (seq === undefined) return true;
  const at = Number(seq);
  try {
    for (const { bytes } of readEntries(dir, at, at + 1)) return leafHash(bytes).toString('hex') === hash;
    return false;
  } catch (error) {
    if (!(error instanceof EntriesMissing)) throw error;
    return at < firstKept(dir);
  }
}

const EQUAL = ['type', 'tenant', 'task', 'capability', 'effect', 'reason', 'rule'] as const;

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
  add('host = ?', filter.host === undefined ? undefined : canonical(filter.host));
  add('at >= ?', filter.since);
  add('at <= ?', filter.until);
  add('seq < ?', filter.before);
  add('(id = ? OR decision = ?)', filter.id, filter.id);
  add('seq IN (SELECT seq FROM categories WHERE category = ?)', filter.category);
  return { clauses, values };
}

/** Hosts are recorded in canonical form; what is none is asked for as it stands. */
function canonical(host: string): string {
  const parsed = parseHost(host);
  return parsed.ok ? parsed.value.name : host;
}
