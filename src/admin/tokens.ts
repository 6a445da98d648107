/**
 * Tokens of the admin API. Kept as SHA-256 of 256 random bits, so the file is of no use to a thief; the first token is
 * made at first start and left in a file that only the owner of the state directory can read.
 */

import { createHash, randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { z } from 'zod';
import type { Clock } from '../core/ports.ts';
import { ROLES, type Role } from './contract/route.ts';
import type { Caller } from './contract.ts';

export interface TokenRow {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly created_at: number;
  readonly expires_at: number | null;
}

/** Where the table is kept; `store`'s documents fit. */
export interface TokenDocuments {
  read(name: string): unknown;
  write(name: string, value: unknown): Promise<void>;
}

export interface Tokens {
  /** Null when unknown, expired or revoked. */
  verify(token: string): Caller | null;
  /** Whether the token of this id still holds. */
  holds(id: string): boolean;
  list(): readonly TokenRow[];
  make(order: {
    readonly name: string;
    readonly role: Role;
    readonly ttl_ms: number | null;
  }): Promise<TokenRow & { readonly token: string }>;
  /** False when there is no such token. */
  revoke(id: string): Promise<boolean>;
}

const DOCUMENT = 'admin-tokens';
const LOCAL = 'local';
/** How long a token that is over stays in the list. */
const KEPT_MS = 7 * 86_400_000;

const stored = z.object({
  tokens: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      role: z.enum(ROLES),
      hash: z.string().regex(/^[0-9a-f]{64}$/),
      created_at: z.int(),
      expires_at: z.int().nullable(),
    }),
  ),
});

type Stored = z.infer<typeof stored>['tokens'][number];

/** Opens the table. When there is none, or its token file is gone, a token of the local command line is made anew. */
export async function openTokens(options: {
  readonly documents: TokenDocuments;
  /** `<state>/admin-token`. */
  readonly file: string;
  readonly clock: Clock;
}): Promise<Tokens> {
  const { documents, file, clock } = options;
  const kept = documents.read(DOCUMENT);
  let rows: readonly Stored[] = kept === null ? [] : stored.parse(kept).tokens;
  let last: Promise<unknown> = Promise.resolve();
  /** One after another: a change that began from what another one was about to replace would bring that back. */
  const save = (change: (now: readonly Stored[]) => readonly Stored[]): Promise<void> => {
    const saved = last.then(async () => {
      const next = change(rows);
      await documents.write(DOCUMENT, { tokens: next });
      rows = next;
    });
    last = saved.catch(() => undefined);
    return saved;
  };
  const make: Tokens['make'] = async ({ name, role, ttl_ms }) => {
    const { token, row } = newToken({ name, role, now: clock.now(), ttl_ms });
    // Sessions end by the hundred: what is long over is not kept.
    const isKept = (old: Stored) => old.expires_at === null || old.expires_at > clock.now() - KEPT_MS;
    await save((now) => [...now.filter(isKept), row]);
    return { ...shown(row), token };
  };
  if (!existsSync(file) || !rows.some((row) => row.name === LOCAL)) {
    const { token, row } = newToken({ name: LOCAL, role: 'admin', now: clock.now(), ttl_ms: null });
    await save((now) => [...now.filter((old) => old.name !== LOCAL), row]);
    writeOwnerOnly(file, `${token}\n`);
  }
  return {
    verify: (token) => {
      const row = rows.find((r) => r.hash === hashOf(token));
      if (!row || isOver(row, clock.now())) return null;
      return { id: row.id, name: row.name, role: row.role, expiresAt: row.expires_at };
    },
    holds: (id) => rows.some((row) => row.id === id && !isOver(row, clock.now())),
    list: () => rows.map(shown),
    make,
    revoke: async (id) => {
      if (!rows.some((row) => row.id === id)) return false;
      await save((now) => now.filter((row) => row.id !== id));
      return true;
    },
  };
}

function isOver({ expires_at }: Stored, now: number): boolean {
  return expires_at !== null && expires_at <= now;
}

function newToken(of: { name: string; role: Role; now: number; ttl_ms: number | null }): {
  token: string;
  row: Stored;
} {
  const token = `lta_${randomBytes(32).toString('base64url')}`;
  const expires_at = of.ttl_ms === null ? null : of.now + of.ttl_ms;
  const id = `a_${randomBytes(8).toString('hex')}`;
  return { token, row: { id, name: of.name, role: of.role, hash: hashOf(token), created_at: of.now, expires_at } };
}

/** Equality of hashes leaks nothing of use by its time: finding a preimage is the attacker's problem. */
function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function shown({ id, name, role, created_at, expires_at }: Stored): TokenRow {
  return { id, name, role, created_at, expires_at };
}

function writeOwnerOnly(file: string, text: string): void {
  const fd = openSync(file, 'w', 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
