/**
 * Client certificates that stand for passes: each is a task of the tenant that the configuration maps its name to,
 * admitted like any other. One admission holds for the wall time of its profile, an hour, or until the certificate ends,
 * whichever is first; then the certificate is admitted anew, as a new task with a budget of its own.
 *
 * INVARIANT: nobody is identified before the admission is on record. A certificate one of whose tasks was killed is not
 * admitted again, and one whose pass was revoked not before that pass ends.
 */

import { createHmac } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { killedOf } from '../core/controls.ts';
import type { ClientCertificate, ClientIdentifier, Clock, Identified, Log, TaskAdmitter } from '../core/ports.ts';
import { err, ok } from '../core/result.ts';
import { markOf } from '../policy/controls/control-index.ts';
import type { PolicySource } from '../policy/snapshot.ts';
import { newId } from './new-id.ts';

/** Who comes with a certificate of this name. */
export interface MappedClient {
  /** A DNS name or a URI, matched exactly against a subject alternative name of that kind. */
  readonly name: string;
  readonly tenant: string;
  readonly class?: string | undefined;
  readonly profile?: string | undefined;
}

export interface ClientCertificatesOptions {
  /** The first that a certificate names is the one. */
  readonly clients: readonly MappedClient[];
  readonly admitter: TaskAdmitter;
  readonly source: PolicySource;
  readonly clock: Pick<Clock, 'now'>;
  readonly log?: Pick<Log, 'warn'>;
  /** Of the hash in task ids: whoever has seen a certificate cannot name its tasks. */
  readonly key: Uint8Array;
}

interface Held {
  readonly identified: Identified;
  /** Epoch ms at which it is asked anew. */
  readonly until: number;
}

const HOUR = 3_600_000;
/** A refusal is not asked for again at each request, each of which would be on record. */
const REFUSED_MS = 2000;
const MOST = 20_000;

export function createClientCertificates(options: ClientCertificatesOptions): ClientIdentifier {
  const held = new LRUCache<string, Held>({ max: MOST });
  const asked = new Map<string, Promise<Identified>>();
  const clientOf = mapping(options.clients);
  const ask = async (client: MappedClient, certificate: ClientCertificate): Promise<Identified> => {
    try {
      const found = await admitted(client, certificate, options);
      if (found === null) return err('audit_unavailable');
      held.set(certificate.fingerprint, found);
      return found.identified;
    } finally {
      asked.delete(certificate.fingerprint);
    }
  };
  return {
    identify: (certificate) => {
      const client = clientOf(certificate.names);
      if (client === null) return null;
      const { fingerprint, expiresAt } = certificate;
      const now = options.clock.now();
      if (expiresAt <= now) return err('pass_expired');
      const known = held.get(fingerprint);
      if (known !== undefined && !isOver(known, now, options)) return known.identified;
      // Many first requests at once are one admission.
      const answer = asked.get(fingerprint) ?? ask(client, certificate);
      asked.set(fingerprint, answer);
      return answer;
    },
  };
}

/** Whom the names of a certificate are mapped to: the first in the list that one of them is. */
export function mapping(clients: readonly MappedClient[]): (names: readonly string[]) => MappedClient | null {
  const places = new Map(clients.map(({ name }, place) => [keyOf(name), place] as const));
  return (names) => {
    const found = names.map((name) => places.get(name) ?? Number.POSITIVE_INFINITY);
    return clients[Math.min(...found)] ?? null;
  };
}

/** As `ClientCertificate` has its names. A URI has a colon, a DNS name none. */
function keyOf(name: string): string {
  return name.includes(':') ? `URI:${name}` : `DNS:${name}`;
}

function isOver(known: Held, now: number, { source }: ClientCertificatesOptions): boolean {
  if (known.until > now) return false;
  if (!known.identified.ok) return true;
  const { pass, expiresAt } = known.identified.value;
  return expiresAt <= now || !markOf(source.current().controls.revokedPasses, pass, now);
}

/** Null when it could not be recorded. */
async function admitted(
  { name, tenant, class: of, profile }: MappedClient,
  { fingerprint, expiresAt }: ClientCertificate,
  { admitter, source, clock, log, key }: ClientCertificatesOptions,
): Promise<Held | null> {
  const now = clock.now();
  const { bundle, controls } = source.current();
  const own = `cert-${createHmac('sha256', key).update(fingerprint).digest('hex').slice(0, 16)}-`;
  const killed = Object.keys(controls.killedTasks).find((name) => {
    const of = killedOf(name);
    const isOurs = of.task.startsWith(own) && (of.tenant ?? tenant) === tenant;
    return isOurs && markOf(controls.killedTasks, name, now);
  });
  const { outcome, recorded } = admitter.admit({
    ...{ tenant, class: of ?? '', profile: profile ?? null, risk: 0 },
    // Asked for by its killed name, the refusal is admission's own, and on record like any other.
    task: killed ? killedOf(killed).task : `${own}${newId('t', now).slice(2)}`,
    ttlMs: Math.min(HOUR, expiresAt - now),
    caller: `cert/${name}`,
    kind: 'sandbox',
  });
  try {
    await recorded;
  } catch {
    return null;
  }
  if (!outcome.ok) {
    const { reason, message } = outcome.error;
    log?.warn({ tenant, name, reason, why: message }, 'a client certificate was not admitted');
    return { identified: err(reason), until: now + REFUSED_MS };
  }
  const principal = Object.freeze(outcome.value);
  const wall = bundle.profiles.get(principal.profile)?.limits.wallMs ?? 0;
  return { identified: ok(principal), until: Math.min(principal.expiresAt, now + wall) };
}
