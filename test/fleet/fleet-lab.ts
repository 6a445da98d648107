/** A fleet of whole appliances under a real `nats-server`: a hub before scripted origins, and members that know nothing of their own. */

import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { fleetKey } from '../../src/appliance/fleet/fleet-key.ts';
import { type Appliance, startAppliance } from '../../src/appliance/start-appliance.ts';
import { secret } from '../../src/appliance/tour/tour-client.ts';
import { rootsOf } from '../../src/control/load-revision.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { systemClock } from '../../src/telemetry/system-clock.ts';
import { type Lab, openLab } from '../proxy/lab.ts';
import { loopbackConfig } from '../proxy/loopback-config.ts';
import { type NatsServer, startNats } from './nats-server.ts';

export const LEASE_MS = 4000;
/** A crowded machine is slow. */
export const LONG = { timeout: 45_000, interval: 25 } as const;
const HOSTS = { 'web.lab.test': ['127.0.0.1'], 'two.lab.test': ['127.0.0.1'], 'store.lab.test': ['127.0.0.1'] };
const SMALL = { 'isolates.hosts': '0', 'guard.workers': '0' } as const;

export interface Member {
  readonly node: string;
  readonly state: string;
  appliance: Appliance;
  admin(path: string, body?: object): Promise<Record<string, unknown>>;
  /** One request in the clear through it: status and reason. */
  get(pass: string, host?: string): Promise<string>;
  /** A download that does not end by itself. */
  download(pass: string, host?: string): Promise<Download>;
  events(type: string): Promise<Record<string, unknown>[]>;
  /** Waits until it allows. */
  holds(): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Another machine that was made from a copy of this one's disk, while this one was stopped for it. */
  copied(): Promise<Appliance>;
}

export interface Download {
  /** Once it was broken off. */
  readonly over: Promise<void>;
  isOver(): boolean;
}

export interface FleetLab {
  readonly nats: NatsServer;
  readonly hub: Lab;
  readonly hubKey: string;
  readonly members: readonly Member[];
  close(): Promise<void>;
}

export interface FleetOrder {
  readonly members: readonly string[];
  readonly more?: Readonly<Record<string, string>>;
  /** Do not wait for the members. */
  readonly cold?: boolean;
  readonly hub?: Readonly<Record<string, string>>;
}

export async function openFleetLab({
  members: names,
  more = {},
  cold = false,
  hub: forHub = {},
}: FleetOrder): Promise<FleetLab> {
  const dir = mkdtempSync(join(tmpdir(), 'locktender-fleet-'));
  const nats = await startNats();
  const stateOf = (node: string) => join(dir, node, 'state');
  const keyOf = (node: string) => fleetKey({ state: stateOf(node), node } as Parameters<typeof fleetKey>[0]);
  for (const node of ['hub', ...names]) mkdirSync(stateOf(node), { recursive: true, mode: 0o700 });
  const file = join(dir, 'members');
  writeFileSync(file, `# members\n${names.map(keyOf).join('\n')}\n`);
  const hubKey = keyOf('hub');
  const common = { ...SMALL, 'fleet.servers': nats.url, 'fleet.lease_ms': String(LEASE_MS) };
  const hub = await openLab({
    ...common,
    ...{ node: 'hub', state: stateOf('hub'), 'fleet.role': 'hub', 'fleet.members': file, 'fleet.confirm_ms': '3000' },
    ...forHub,
  });
  const members: Member[] = [];
  for (const node of names) {
    const flags = { ...common, node, state: stateOf(node), 'fleet.role': 'member', 'fleet.hub_key': hubKey, ...more };
    members.push(await openMember(node, join(dir, node), flags, hub));
  }
  if (!cold) await Promise.all(members.map((member) => member.holds()));
  return {
    ...{ nats, hub, hubKey, members },
    close: async () => {
      for (const member of members) await member.stop();
      await hub.close();
      await nats.remove();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Without a file of its own but what ships with the program. */
async function openMember(
  node: string,
  dir: string,
  flags: Readonly<Record<string, string>>,
  hub: Lab,
): Promise<Member> {
  const begin = (own: Readonly<Record<string, string>> = {}) => {
    const config = loopbackConfig(dir, { ...flags, ...own }, HOSTS);
    const log = createLog({ level: (process.env['FLEET_LOG'] as 'warn') ?? 'silent' });
    return startAppliance({ config, roots: rootsOf(config), log, clock: systemClock, version: 'test' });
  };
  let running = true;
  const member: Member = {
    node,
    state: String(flags['state']),
    appliance: await begin(),
    admin: async (path, body) => {
      const { appliance } = member;
      const response = await fetch(`http://${appliance.adminAddress}${path}`, {
        method: body ? 'POST' : 'GET',
        headers: { authorization: `Bearer ${secret(appliance, 'admin-token')}`, 'content-type': 'application/json' },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      return (await response.json()) as Record<string, unknown>;
    },
    get: async (pass, host = 'web.lab.test') => {
      const said = await whole(ask(member.appliance, hub, pass, host));
      return `${said.slice(9, 12)} ${/details="([a-z_]+)/.exec(said)?.[1] ?? ''}`.trim();
    },
    download: async (pass, host = 'web.lab.test') => {
      const live = () => member.appliance.core.leases.live().length;
      const before = live();
      const socket = ask(member.appliance, hub, pass, host);
      let over = false;
      const ended = whole(socket).then((said) => {
        over = true;
        return said;
      });
      await vi.waitFor(async () => {
        if (over) throw new Error(`the download was refused: ${(await ended).slice(0, 300)}`);
        if (live() <= before) throw new Error('the download is not live yet');
      }, LONG);
      return { over: ended.then(() => undefined), isOver: () => over };
    },
    events: async (type) => {
      const { events } = await member.admin(`/v1/audit?type=${type}&limit=100`);
      return (events as { event: Record<string, unknown> }[]).map(({ event }) => event);
    },
    holds: () =>
      vi.waitFor(async () => {
        const { hub: of } = (await member.admin('/v1/fleet')) as { hub: { lease_ms: number; trouble: string | null } };
        if (of.lease_ms === 0) throw new Error(`${node} holds no lease: ${of.trouble}`);
      }, LONG),
    stop: async () => {
      if (running) await member.appliance.stop(0);
      running = false;
    },
    start: async () => {
      member.appliance = await begin();
      running = true;
    },
    copied: async () => {
      const state = join(dir, 'copied');
      await member.stop();
      cpSync(member.state, state, { recursive: true });
      await member.start();
      return begin({ state });
    },
  };
  return member;
}

/** Answers that never end. */
export function endless(lab: Lab): void {
  lab.script = (socket) => void socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbegun');
}

function ask(appliance: Appliance, { plainPort }: Lab, pass: string, host: string): Socket {
  const [at = '', port = ''] = appliance.proxyAddress.split(':');
  const socket = connect(Number(port), at);
  socket.on('error', () => undefined);
  const target = `${host}:${plainPort}`;
  const login = `Proxy-Authorization: Basic ${Buffer.from(pass).toString('base64')}`;
  socket.write(`GET http://${target}/ HTTP/1.1\r\nHost: ${target}\r\nConnection: close\r\n${login}\r\n\r\n`);
  return socket;
}

function whole(socket: Socket): Promise<string> {
  let got = '';
  socket.on('data', (chunk) => {
    got += chunk.toString('latin1');
  });
  return new Promise((resolve) => socket.once('close', () => resolve(got)));
}
