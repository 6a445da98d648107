/**
 * What is a tenant's own in an event stands sealed in the log, under that tenant's key: `sealed:v1:KEY:BASE64URL`, AES-256-GCM
 * over the text, bound to the event's id and tenant. The leaf of the tree is over the sealed text, so that destroying the
 * key shreds the content and the log goes on verifying.
 */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { AuditEvent, DecisionEvent } from '../core/event.ts';

/** The part of a tenant's keys that sealing needs. */
export interface SealingKeys {
  of(tenant: string): { readonly id: string; readonly seal: Uint8Array };
  find(tenant: string): { readonly id: string; readonly seal: Uint8Array } | null;
}

const PREFIX = 'sealed:v1:';
const NONCE = 12;
const TAG = 16;

/** The event as it is recorded. Only a path in clear is content; it begins with `/` and so is never taken for sealed. */
export function sealEvent(event: AuditEvent, keys: SealingKeys): AuditEvent {
  if (event.type !== 'decision' || event.input.path === null || event.tenant === null) return event;
  const { id, seal } = keys.of(event.tenant);
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', seal, nonce);
  cipher.setAAD(boundTo(event));
  const sealed = Buffer.concat([nonce, cipher.update(event.input.path, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return { ...event, input: { ...event.input, path: `${PREFIX}${id}:${sealed.toString('base64url')}` } };
}

/** An event as whoever may read the record sees it: `shredded` names what can no longer be read. */
export type OpenedEvent = AuditEvent & { readonly shredded?: readonly string[] };

export function openEvent(event: AuditEvent, keys: SealingKeys): OpenedEvent {
  if (event.type !== 'decision' || !isSealed(event.input.path)) return event;
  const path = opened(event, event.input.path, keys);
  const input = { ...event.input, path };
  return path === null ? { ...event, input, shredded: ['input.path'] } : { ...event, input };
}

export function isSealed(path: string | null): path is string {
  return path?.startsWith(PREFIX) ?? false;
}

function opened(event: DecisionEvent, path: string, keys: SealingKeys): string | null {
  const [id, text = ''] = path.slice(PREFIX.length).split(':');
  const key = event.tenant === null ? null : keys.find(event.tenant);
  const bytes = Buffer.from(text, 'base64url');
  if (key === null || key.id !== id || bytes.length < NONCE + TAG) return null;
  const decipher = createDecipheriv('aes-256-gcm', key.seal, bytes.subarray(0, NONCE));
  decipher.setAAD(boundTo(event));
  decipher.setAuthTag(bytes.subarray(-TAG));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE, -TAG)), decipher.final()]).toString('utf8');
  } catch {
    return null;
  }
}

function boundTo({ id, tenant }: DecisionEvent): Buffer {
  return Buffer.from(JSON.stringify([tenant, id]));
}
