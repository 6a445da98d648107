/** Nodes that ship their records and a hub that mirrors them, over a real NATS, without the appliances round them. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type AuditLog, openLog } from '../../src/audit/log.ts';
import type { LogOptions } from '../../src/audit/log-options.ts';
import { Mirrors } from '../../src/audit/mirror/mirrors.ts';
import { verifierKey } from '../../src/audit/signed-note.ts';
import { openConnection } from '../../src/fleet/connection.ts';
import { Intake } from '../../src/fleet/records/intake.ts';
import { type Shipping, startShipping } from '../../src/fleet/records/shipping.ts';
import { openDocuments } from '../../src/store/documents.ts';
import type { Files } from '../../src/store/files.ts';
import { systemClock } from '../../src/telemetry/system-clock.ts';
import { decisionBody, logOptions, newSigner, noMeter, silentLog } from '../record/log-fixture.ts';

export const FLEET = 'test';

const ports = { clock: systemClock, log: silentLog, meter: noMeter };

export class RecordNode {
  readonly node: string;
  readonly state: string;
  readonly logSigner = newSigner('log.example/gate');
  log: AuditLog | null = null;
  shipping: Shipping | null = null;
  #count = 0;

  constructor(node: string, state: string) {
    this.node = node;
    this.state = state;
    mkdirSync(join(state, 'audit'), { recursive: true });
    mkdirSync(join(state, 'documents'), { recursive: true });
  }

  get dir(): string {
    return join(this.state, 'audit');
  }

  get logKeys(): string[] {
    return [verifierKey(this.logSigner.name, this.logSigner.publicKey)];
  }

  async open(more: Partial<LogOptions> = {}): Promise<void> {
    this.log = await openLog(logOptions(this.dir, this.logSigner, { publishMs: 50, node: this.node, ...more }));
  }

  async record(count: number): Promise<void> {
    const { log } = this;
    if (log === null) throw new Error('open it first');
    await Promise.all(Array.from({ length: count }, () => log.record(decisionBody(this.#count++))));
    await log.publish();
  }

  ship(url: string, resendMs = 500): void {
    const connection = openConnection({ servers: [url], name: this.node, log: silentLog });
    const documents = openDocuments(join(this.state, 'documents'));
    const own = { fleet: FLEET, node: this.node, dir: this.dir, documents, connection };
    this.shipping = startShipping({ ...own, pollMs: 20, resendMs, ...ports });
  }

  /** Hears of the hub where its mirror stands, as a member does now and then. */
  async hear(hub: RecordHub): Promise<void> {
    hub.mirrors?.stated(this.node, this.log?.head.size ?? 0);
    const report = hub.reportOf(this.node);
    if (report === null) return;
    const { size, root, published, fault } = report;
    const position = { size, root: Buffer.from(root, 'base64'), published, fault: fault?.kind ?? null };
    await this.shipping?.heard(position);
  }

  async stopShipping(): Promise<void> {
    await this.shipping?.close();
    this.shipping = null;
  }

  async close(): Promise<void> {
    await this.stopShipping();
    await this.log?.close();
    this.log = null;
  }
}

export class RecordHub {
  readonly state: string;
  readonly #nodes: readonly RecordNode[];
  mirrors: Mirrors | null = null;
  intake: Intake | null = null;

  constructor(nodes: readonly RecordNode[], state: string) {
    this.state = state;
    this.#nodes = nodes;
    for (const folder of ['fleet', 'documents']) mkdirSync(join(state, folder), { recursive: true });
  }

  dirOf(node: string): string {
    return join(this.state, 'fleet', node, 'audit');
  }

  async start(url: string, more: { readonly files?: Files } = {}): Promise<void> {
    const mirrors = new Mirrors({ dir: join(this.state, 'fleet'), keepMs: 0, ...more, ...ports });
    for (const { node, logKeys } of this.#nodes) await mirrors.pin(node, logKeys);
    const connection = openConnection({ servers: [url], name: 'hub', log: silentLog });
    const documents = openDocuments(join(this.state, 'documents'));
    this.intake = new Intake({
      fleet: FLEET,
      mirrors,
      documents,
      connection,
      retentionDays: 30,
      flushMs: 30,
      ...ports,
    });
    this.intake.start();
    this.mirrors = mirrors;
  }

  reportOf(node: string) {
    return this.mirrors?.reports().find((report) => report.node === node) ?? null;
  }

  async close(): Promise<void> {
    await this.intake?.close();
    this.intake = null;
  }
}
