/** Opens flows of four kinds, half of them of a category or a tenant that is then ended, and says what came of each half. */

import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openCertificateAuthority } from '../../src/pki/certificate-authority.ts';
import { systemClock } from '../../src/telemetry/system-clock.ts';
import { summary } from '../measure.ts';
import { type ClientFlow, type Gate, openFlow, type Way } from './flows.ts';
import { CATEGORY_OF, KINDS, type Kind, type Side, TICK_MS } from './world.ts';

export interface CutReport {
  readonly flows: number;
  readonly receipt: Readonly<Record<string, unknown>>;
  /** Of each kind: how many of the ended half still live, how many of the other half do. */
  readonly kinds: readonly {
    readonly kind: Kind;
    readonly lostAlive: number;
    readonly keptAlive: number;
    readonly each: number;
  }[];
  /** Of the other half: how many got bytes after the cut. */
  readonly keptMoving: number;
  /** Milliseconds from the asking to the last byte of each flow of the ended half; 0 where none came after it. */
  readonly lastByteMs: ReturnType<typeof summary>;
  /** ... and until its client knew that it was over. */
  readonly endMs: ReturnType<typeof summary>;
  readonly answeredMs: number;
  /** How late the gate's own event loop was, in the second before and from the asking on: what is left of the waits is others' work. */
  readonly loopMs: { readonly before: LoopDelay; readonly after: LoopDelay };
  /** Requests of the other side from a process of its own, one at a time on each of four connections, before the asking and in the second after it. */
  readonly requestMs: { readonly before: ReturnType<typeof summary>; readonly after: ReturnType<typeof summary> };
}

interface LoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** The most CPU time of its thread in one turn. */
  readonly turnCpu: number;
}

/** What ends the one side: its category is blocked, or its tenant is put in quarantine. */
export const ACTS = { block: `categories/${CATEGORY_OF.lost}/block`, quarantine: 'tenants/lost/quarantine' } as const;
export type Act = keyof typeof ACTS;

/** `flows` is divided by eight: four kinds, two sides. */
export async function cutScenario(act: Act, flows: number, settleMs = 1500): Promise<CutReport> {
  const dir = mkdtempSync(join(tmpdir(), 'locktender-cut-'));
  const authority = openCertificateAuthority({ dir, name: 'origin', commonName: 'Bench CA', clock: systemClock });
  const originCa = join(dir, 'origin-ca.pem');
  writeFileSync(originCa, authority.pem);
  const origins = await startChild<{ readonly port: number }>('origins', [dir]);
  const { port } = origins.line;
  const gate = await startChild<Gate>('gate', [dir, originCa, String(port)]);
  try {
    const way = { gate: gate.line, originCa: authority.pem, originPort: port };
    return await measured({ act, flows, settleMs }, way, gate);
  } finally {
    await gate.stop();
    await origins.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

interface Scenario {
  readonly act: Act;
  readonly flows: number;
  readonly settleMs: number;
}

async function measured({ act, flows, settleMs }: Scenario, way: Way, gate: Child<Gate>): Promise<CutReport> {
  const all = await openAll(flows, way);
  const neighbours = await startChild<string>('neighbours', [JSON.stringify(way)]);
  // The first question loads the client's own code.
  await fetch(`http://${way.gate.admin}/healthz`);
  gate.tell('since');
  await sleep(settleMs);
  const loopBefore = await gate.told<LoopDelay>();
  gate.tell('since');
  const since = performance.now();
  const receipt = await carryOut(act, way.gate);
  const answeredMs = performance.now() - since;
  const loopAfter = await gate.told<LoopDelay>();
  const bytes = all.map((flow) => flow.bytes);
  await sleep(Math.max(settleMs, 4 * TICK_MS));
  const requests = await neighbours.told<readonly { readonly at: number; readonly ms: number }[]>();
  const sinceEpoch = performance.timeOrigin + since;
  const of = (side: Side) => all.filter((flow) => flow.side === side);
  const times = (from: number, to: number) =>
    summary(Float64Array.from(requests.filter((r) => r.at >= from && r.at < to).map((r) => r.ms)), 1);
  const report: CutReport = {
    flows: all.length,
    receipt,
    kinds: KINDS.map((kind) => ({
      kind,
      lostAlive: of('lost').filter((flow) => flow.kind === kind && flow.open).length,
      keptAlive: of('kept').filter((flow) => flow.kind === kind && flow.open).length,
      each: flows / 8,
    })),
    keptMoving: all.filter((flow, n) => flow.side === 'kept' && flow.bytes > (bytes[n] ?? 0)).length,
    lastByteMs: summary(Float64Array.from(of('lost').map((flow) => Math.max(0, flow.last - since))), 1),
    endMs: summary(Float64Array.from(of('lost').map((flow) => flow.end - since)), 1),
    answeredMs,
    loopMs: { before: loopBefore, after: loopAfter },
    requestMs: { before: times(sinceEpoch - 1000, sinceEpoch), after: times(sinceEpoch, sinceEpoch + 1000) },
  };
  for (const flow of all) flow.socket.destroy();
  return report;
}

/** Sixteen at a time: handshakes take both sides' time. */
async function openAll(flows: number, way: Way): Promise<ClientFlow[]> {
  const wanted = Array.from({ length: flows / 8 }, () =>
    KINDS.flatMap((kind) => [
      { kind, side: 'lost' as Side },
      { kind, side: 'kept' as Side },
    ]),
  ).flat();
  const all: ClientFlow[] = [];
  for (let n = 0; n < wanted.length; n += 16) {
    all.push(...(await Promise.all(wanted.slice(n, n + 16).map(({ kind, side }) => openFlow(kind, side, way)))));
  }
  return all;
}

async function carryOut(act: Act, { admin, adminToken }: Gate): Promise<Record<string, unknown>> {
  const response = await fetch(`http://${admin}/v1/${ACTS[act]}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ why: 'bench' }),
  });
  return (await response.json()) as Record<string, unknown>;
}

interface Child<Line> {
  /** What it printed when it was ready. */
  readonly line: Line;
  stop(): Promise<void>;
  tell(message: string): void;
  /** Asks it for what it has to say. */
  told<Told>(): Promise<Told>;
}

async function startChild<Line>(
  name: 'gate' | 'origins' | 'neighbours',
  args: readonly string[],
): Promise<Child<Line>> {
  const child = fork(fileURLToPath(new URL(`./${name}.ts`, import.meta.url)), args, {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let text = '';
  const line = await new Promise<Line>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) resolve(JSON.parse(text.split('\n')[0] ?? '') as Line);
    });
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code} before it was ready`)));
  });
  return {
    line,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
    tell: (message) => void child.send(message),
    told: <Told>() =>
      new Promise<Told>((resolve) => {
        child.once('message', (told) => resolve(told as Told));
        child.send('end');
      }),
  };
}
