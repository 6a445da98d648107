/** `locktender pass …`: what a sandbox puts in `HTTPS_PROXY`. */

import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { AnswerOf } from '../admin/contract.ts';
import { type SandboxAccess, sandboxEnvironment, shellExports } from '../sandbox/environment.ts';
import { writeTrustFiles } from '../sandbox/trust-files.ts';
import { type AdminClient, adminClient } from './admin-client.ts';
import { CliFailure, EXIT, readAll } from './context.ts';
import { change } from './controls.ts';
import { type CliParts, durationMs, group, leaf } from './leaf.ts';
import { instant, plain, printJson } from './print.ts';

export interface PassOptions {
  readonly tenant: string;
  readonly class?: string;
  readonly profile?: string;
  readonly ttl?: string;
  readonly task?: string;
  readonly source?: string;
  readonly risk?: string;
  readonly env?: boolean;
  readonly trust?: string;
}

export type IssuedPass = AnswerOf<'passIssue'>;

export function addPass(program: Command, parts: CliParts): void {
  const pass = group(program, 'pass', 'passes: issue, inspect, revoke');
  leaf<PassOptions>(pass, 'issue', parts, {
    summary: 'issues a pass, if admission allows it',
    declare: (command) => {
      command
        .requiredOption('--tenant <name>', 'tenant of the task')
        .option('--class <name>', 'request class; the policy names a default')
        .option('--profile <name>', 'one of the profiles that the class offers')
        .option('--ttl <duration>', 'life, for example `1h`')
        .option('--task <id>', 'an id of your own')
        .option('--source <address>', 'address or prefix that the pass may be used from; another is refused')
        .option('--risk <0-100>', 'risk score of the task', '0')
        .option('--env', 'prints the exports for a shell, CA variables among them')
        .option('--trust <dir>', 'where the CA files of `--env` are written; default: `trust` in the state directory');
    },
    run: async (_, options, { io }) => {
      const client = adminClient(options, io);
      const asked = Date.now();
      const issued = await issuePass(client, options);
      const life = options.ttl === undefined ? null : durationMs(options.ttl);
      // A pass ends at a whole second.
      if (life !== null && issued.expires_at < asked + life - 1000) {
        io.stderr(`shortened to \`passes.max_ttl_ms\`: until ${instant(issued.expires_at)}\n`);
      }
      if (options.env) {
        const access = await accessOf(client, issued.proxy_url, options.trust);
        io.stdout(shellExports(sandboxEnvironment(access)));
      } else if (options.json) printJson(io, issued);
      else {
        const { task, tenant, class: name, profile, capabilities, expires_at: end } = issued;
        io.stderr(`task ${task} of ${tenant}, class ${name}, profile ${profile}, until ${instant(end)}\n`);
        io.stderr(`capabilities: ${capabilities.join(' ')}\n`);
        io.stdout(`${issued.proxy_url}\n`);
      }
    },
  });
  leaf(pass, 'inspect', parts, {
    summary: 'what a pass says and whether it holds; reads the token from stdin when it is `-`',
    declare: (command) => void command.argument('<token>'),
    run: async ([given = ''], options, { io }) => {
      const text = given === '-' ? (await readAll(io.stdin)).toString('utf8').trim() : given;
      const token = /^https?:\/\/[^:@/]*:([^@/]+)@/.exec(text)?.[1] ?? text;
      const answer = await adminClient(options, io).call('passInspect', { body: { token } });
      if (options.json) printJson(io, answer);
      else for (const [key, value] of Object.entries(answer)) io.stdout(`${key}: ${shown(key, value)}\n`);
      return answer.valid ? EXIT.done : EXIT.failed;
    },
  });
  change(pass, 'revoke', parts, {
    summary: 'revokes a pass by its id (`jti`) and cuts what it holds',
    argument: 'id',
    call: (client, name, body) => client.call('passRevoke', { params: { name }, body }),
  });
}

/** Exit 1 with the reason when admission refuses. */
export async function issuePass(client: AdminClient, options: Omit<PassOptions, 'env' | 'trust'>): Promise<IssuedPass> {
  const ttl = options.ttl === undefined ? null : durationMs(options.ttl);
  if (options.ttl !== undefined && ttl === null) {
    throw new CliFailure(EXIT.usage, `\`${options.ttl}\` is not a duration; write for example \`1h\``);
  }
  const risk = Number(options.risk ?? 0);
  if (!Number.isInteger(risk) || risk < 0 || risk > 100)
    throw new CliFailure(EXIT.usage, 'the risk is a whole number from 0 to 100');
  return client.call('passIssue', {
    body: {
      tenant: options.tenant,
      profile: options.profile ?? null,
      ttl_ms: ttl,
      task: options.task ?? null,
      source: options.source ?? null,
      risk,
      ...(options.class === undefined ? {} : { class: options.class }),
    },
  });
}

/** Writes the CA files that tools need, by default to `<state>/trust`, and says where they are. */
export async function accessOf(
  client: AdminClient,
  proxyUrl: string,
  dir = join(client.state, 'trust'),
): Promise<SandboxAccess> {
  const own = await client.text('caCertificate');
  return { proxyUrl, ...writeTrustFiles(resolve(dir), own, Date.now()) };
}

function shown(key: string, value: unknown): string {
  if (value === null) return '-';
  if (key === 'expires_at') return instant(Number(value));
  // Whoever made the token wrote these.
  return plain(Array.isArray(value) ? value.join(' ') : String(value));
}
