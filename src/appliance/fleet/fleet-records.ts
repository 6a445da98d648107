/**
 * The records of a fleet, as the appliance has them: a member's are shipped, at the hub all are mirrored, by a thread each. Here
 * is what needs the key of this node: questions and answers about how far a mirror has come.
 */

import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MirrorReport } from '../../audit/mirror/mirrors.ts';
import type { ShipperStatus } from '../../audit/mirror/shipper.ts';
import type { NodeSigner } from '../../fleet/envelope.ts';
import { askWhere, hearWhere, readWhere, tellWhere, type Where } from '../../fleet/records/positions.ts';
import { makeDirectories } from '../../store/make-directory.ts';
import type { Core } from '../open-core.ts';
import { RecordThread } from '../record/record-thread.ts';
import type {
  MirrorNews,
  MirrorOrder,
  MirrorTold,
  RecordsOrder,
  ShipNews,
  ShipOrder,
  ShipTold,
} from './records-order.ts';

type Parts = Pick<Core, 'audit' | 'config' | 'log' | 'meter' | 'state'>;

/** What this node is in its fleet. */
export interface RecordsRole {
  readonly fleet: string;
  readonly signer: NodeSigner;
  readonly connection: RecordsOrder['connection'];
}

export interface FleetRecords {
  /** At the hub: each mirror; at a member: how far its record has gone up, null before that is known. */
  status(): { readonly mirrors: readonly MirrorReport[]; readonly shipping: ShipperStatus | null };
  close(): Promise<void>;
}

/** A member asks where its mirror stands: more often while something is on its way. */
const ASK_MS = 2000;
const QUIET_ASKS = 6;
/** Questions of members that wait for the thread. */
const MOST_ASKED = 1000;

export function shipRecords(parts: Parts, role: RecordsRole & { readonly hubKey: KeyObject }): FleetRecords {
  const { audit, config, log, meter } = parts;
  const { fleet, signer, hubKey } = role;
  const node = config.node;
  const order: ShipOrder = { ...orderOf(parts, role), dir: audit.dir, pollMs: config.audit.checkpoint_ms };
  let status: ShipperStatus | null = null;
  let nonce = '';
  let quiet = 0;
  const thread = new RecordThread<ShipNews, ShipTold>({
    ...{
      url: new URL('./ship-worker.ts', import.meta.url),
      order,
      name: 'the thread that ships the record',
      log,
      meter,
    },
    hear: (news) => {
      if (news.say === 'status') status = news.status;
      else {
        const position = news.nonce === nonce ? hearWhere(news.answer, { fleet, node, nonce, hubKey }) : null;
        if (position !== null) thread.tell({ do: 'hear', position });
      }
    },
  });
  const timer = setInterval(() => {
    quiet = status?.state === 'current' && status.lag_entries === 0 ? quiet + 1 : 0;
    if (quiet % QUIET_ASKS !== 0) return;
    try {
      const question = askWhere({ fleet, logKeys: logKeysOf(parts), size: audit.head.size }, signer);
      nonce = question.nonce;
      thread.tell({ do: 'ask', question: question.bytes, nonce });
    } catch (error) {
      log.error({ error }, 'the hub could not be asked how far its mirror of this record is; it is tried again');
    }
  }, ASK_MS);
  timer.unref();
  return {
    status: () => ({ mirrors: [], shipping: status }),
    close: async () => {
      clearInterval(timer);
      await thread.close();
    },
  };
}

export function mirrorRecords(
  parts: Parts,
  role: RecordsRole & { readonly keyOf: (node: string) => KeyObject | null },
): FleetRecords {
  const { config, state, log, meter } = parts;
  const { fleet, signer, keyOf } = role;
  const order: MirrorOrder = {
    ...orderOf(parts, role),
    dir: mirrorsDir(state.path),
    keepMs: config.audit.keep_ms,
    retentionDays: config.audit.retention_days,
    sealAfterDays: config.audit.seal_after_days,
  };
  let mirrors: readonly MirrorReport[] = [];
  const asked = new Map<number, Where>();
  const thread = new RecordThread<MirrorNews, MirrorTold>({
    ...{ url: new URL('./mirror-worker.ts', import.meta.url), order, name: 'the thread of the mirrors', log, meter },
    hear: (news) => {
      if (news.say === 'reports') mirrors = news.reports;
      else if (news.say === 'question') {
        const where = readWhere(news.question, { fleet, keyOf });
        if (where === null) return;
        // A mirror that is damaged answers nobody.
        const [oldest] = asked.keys();
        if (oldest !== undefined && asked.size >= MOST_ASKED) asked.delete(oldest);
        asked.set(news.id, where);
        thread.tell({ do: 'believe', id: news.id, node: where.node, logKeys: where.log_keys, size: where.size });
      } else {
        const where = asked.get(news.id);
        asked.delete(news.id);
        if (where) thread.tell({ do: 'reply', id: news.id, answer: tellWhere(where, news.report, signer) });
      }
    },
  });
  return {
    status: () => ({ mirrors, shipping: null }),
    close: () => thread.close(),
  };
}

/** Where the mirrors are: each is laid out as a state directory is, and can be named in its place. */
function mirrorsDir(state: string): string {
  const dir = join(state, 'fleet');
  makeDirectories(dir);
  return dir;
}

function orderOf({ config, state }: Parts, { fleet, connection }: RecordsRole): RecordsOrder {
  return { fleet, node: config.node, connection, documents: state.folder('documents') };
}

function logKeysOf({ state }: Parts): string[] {
  return readFileSync(join(state.path, 'log-keys.txt'), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}
