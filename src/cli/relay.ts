/**
 * `locktender relay`: the gate on a sandbox's own loopback, with the pass put in outside of the sandbox. A native sidecar in a
 * pod, or a service beside a container: it has no rights but to ask the gateway for passes of its caller, and it renews them.
 */

import { readFileSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { parseListen } from '../config/listen-address.ts';
import { credentialsOf, type KeptPass, PassKeeper } from '../sandbox/pass-keeper.ts';
import { type Gate, startPassRelay } from '../sandbox/pass-relay.ts';
import { writeTrustFiles } from '../sandbox/trust-files.ts';
import { untilStopped } from '../sandbox/until-stopped.ts';
import { CliFailure, type CliIo, EXIT } from './context.ts';
import { type CliParts, durationMs, leaf } from './leaf.ts';

interface RelayOptions {
  readonly gate: string;
  readonly gateway: string;
  readonly tokenFile: string;
  readonly listen: string;
  readonly tenant?: string;
  readonly class?: string;
  readonly profile?: string;
  readonly ttl?: string;
  readonly ca?: string;
  readonly trust?: string;
}

export function addRelay(program: Command, parts: CliParts): void {
  leaf<RelayOptions>(program, 'relay', parts, {
    summary: 'the gate on a sandbox’s loopback, with a pass that the sandbox never holds; renews it',
    declare: (command) => {
      command
        .requiredOption('--gate <address>', 'egress proxy of the gate, `host:port`')
        .requiredOption('--gateway <url>', 'gateway of the gate, where passes are issued')
        .requiredOption('--token-file <file>', 'what the gateway knows the caller by; read at every renewal')
        .option('--listen <address>', 'where the sandbox reaches it', '127.0.0.1:3128')
        .option('--tenant <name>', 'for callers that speak for several tenants')
        .option('--class <name>', 'request class')
        .option('--profile <name>', 'one of the profiles that the class offers')
        .option('--ttl <duration>', 'life of each pass', '15m')
        .option('--ca <file>', 'the gate’s CA; with --trust')
        .option('--trust <dir>', 'writes the CA files that tools need there');
    },
    run: (_, options, { io }) => relay(options, io),
  });
}

async function relay(options: RelayOptions, io: CliIo): Promise<void> {
  const gate = gateAddress(options.gate);
  if (!/^https?:$/.test(URL.parse(options.gateway)?.protocol ?? ''))
    throw new CliFailure(
      EXIT.usage,
      `\`${options.gateway}\` is not the URL of a gateway; write for example http://gate.locktender.svc:8128`,
    );
  const listen = parseListen(options.listen);
  if (listen === null)
    throw new CliFailure(EXIT.usage, `\`${options.listen}\` is not \`address:port\`; write for example 127.0.0.1:3128`);
  if ((options.ca === undefined) !== (options.trust === undefined))
    throw new CliFailure(EXIT.usage, '`--ca` and `--trust` go together: which CA, and where its files are written');
  const order = orderOf(options);
  if (options.ca !== undefined && options.trust !== undefined)
    writeTrustFiles(resolve(io.cwd, options.trust), fileText(resolve(io.cwd, options.ca)), Date.now());
  const keeper = await PassKeeper.start({
    issue: () => issue(options, order, io),
    now: Date.now,
    report: (cause) => io.stderr(`locktender relay: the pass could not be renewed: ${cause}\n`),
  });
  const server = await startPassRelay(listen, gate, () => keeper.credentials()).catch(
    (error: NodeJS.ErrnoException) => {
      keeper.stop();
      throw new CliFailure(
        EXIT.usage,
        `cannot listen on ${options.listen} (${error.code ?? 'failed'}); choose another`,
      );
    },
  );
  io.stdout(`relay ${boundTo(server)}\nready\n`);
  await untilStopped();
  keeper.stop();
  server.close();
}

function orderOf({ tenant, class: name, profile, ttl = '15m' }: RelayOptions): object {
  const life = durationMs(ttl);
  if (life === null) throw new CliFailure(EXIT.usage, `\`${ttl}\` is not a duration; write for example \`15m\``);
  // What is undefined is left out by JSON.
  return { tenant, class: name, profile, ttl_ms: life };
}

const answerShape = z.object({ task: z.string(), token: z.string(), expires_at: z.string() });

/** Throws a `CliFailure` that names what the gateway said. */
async function issue(options: RelayOptions, order: object, io: CliIo): Promise<KeptPass> {
  const token = fileText(resolve(io.cwd, options.tokenFile)).trim();
  const url = new URL('/v1/passes', options.gateway);
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(order),
    redirect: 'error',
    signal: AbortSignal.timeout(10_000),
  }).catch(() => {
    throw new CliFailure(EXIT.unreachable, `cannot reach the gateway at ${url.host}`);
  });
  const body: unknown = await response.json().catch(() => null);
  const answer = answerShape.safeParse(body);
  if (!response.ok || !answer.success) {
    const said = z.object({ detail: z.string() }).safeParse(body).data?.detail ?? `it answered ${response.status}`;
    throw new CliFailure(EXIT.failed, `the gateway at ${url.host} issued no pass: ${said}`);
  }
  const { task, token: pass, expires_at: end } = answer.data;
  return { credentials: credentialsOf(`http://${task}:${pass}@gate`), expiresAt: Date.parse(end) };
}

/** A name or an address, unlike what is listened on. */
function gateAddress(text: string): Gate {
  const url = /^[^/@?#\s]+:\d+$/.test(text) ? URL.parse(`tcp://${text}`) : null;
  const port = Number(url?.port);
  if (!url || url.hostname === '' || port < 1)
    throw new CliFailure(EXIT.usage, `\`${text}\` is not \`host:port\`; write for example gate.locktender.svc:3128`);
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port };
}

function boundTo(server: Server): string {
  const { address: host, port } = server.address() as AddressInfo;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function fileText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'failed';
    throw new CliFailure(EXIT.usage, `cannot read \`${path}\` (${code}); check its path`);
  }
}
