/** `locktender token issue|list|revoke`: who may use the admin API, and as what. */

import type { Command } from 'commander';
import { ROLES, type Role } from '../admin/contract/route.ts';
import { didYouMean } from '../core/nearest.ts';
import { adminClient } from './admin-client.ts';
import { CliFailure, type CommonOptions, EXIT } from './context.ts';
import { type CliParts, durationMs, group, leaf } from './leaf.ts';
import { instant, printJson, printTable } from './print.ts';

interface IssueOptions extends CommonOptions {
  readonly role: string;
  readonly ttl?: string;
  readonly why?: string;
}

export function addToken(program: Command, parts: CliParts): void {
  const token = group(program, 'token', 'tokens of the admin API: issue, list, revoke');
  leaf<IssueOptions>(token, 'issue', parts, {
    summary: 'makes a token and prints it, once',
    declare: (command) => {
      command
        .argument('<name>', 'who will use it; the actor in the record')
        .requiredOption('--role <role>', `one of ${ROLES.join(', ')}`)
        .option('--ttl <duration>', 'how long it holds, for example `8h`; without it until it is revoked')
        .option('--why <text>', 'reason, kept in the record');
    },
    run: async ([name = ''], options, { io }) => {
      const body = { name, role: roleOf(options.role), ttl_ms: ttlOf(options.ttl), why: reasonOf(options.why, name) };
      const made = await adminClient(options, io).call('tokenMake', { body });
      if (options.json) return printJson(io, made);
      io.stdout(`${made.token}\n`);
      const end = made.expires_at === null ? 'until it is revoked' : `until ${instant(made.expires_at)}`;
      io.stderr(`token ${made.id} of \`${made.name}\`, ${made.role}, ${end}; it is not shown again\n`);
    },
  });
  leaf(token, 'list', parts, {
    summary: 'every token, without its secret',
    run: async (_, options, { io }) => {
      const answer = await adminClient(options, io).call('tokenList');
      if (options.json) return printJson(io, answer);
      const rows = answer.tokens.map((t) => [
        t.id,
        t.name,
        t.role,
        instant(t.created_at),
        t.expires_at === null ? 'never' : instant(t.expires_at),
      ]);
      printTable(io, ['ID', 'NAME', 'ROLE', 'MADE', 'EXPIRES'], rows);
    },
  });
  leaf<CommonOptions & { why?: string }>(token, 'revoke', parts, {
    summary: 'ends a token by its id, at once',
    declare: (command) => void command.argument('<id>').option('--why <text>', 'reason, kept in the record'),
    run: async ([name = ''], options, { io }) => {
      const body = { why: reasonOf(options.why, name) };
      const answer = await adminClient(options, io).call('tokenRevoke', { params: { name }, body });
      if (options.json) return printJson(io, answer);
      io.stdout(`revoked ${answer.revoked}\n`);
    },
  });
}

function roleOf(text: string): Role {
  const role = ROLES.find((known) => known === text);
  if (role) return role;
  throw new CliFailure(EXIT.usage, `\`${text}\` is not a role; ${didYouMean(text, ROLES)}`);
}

function ttlOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const ttl = durationMs(text);
  if (ttl === null) throw new CliFailure(EXIT.usage, `\`${text}\` is not a duration; write for example \`8h\``);
  return ttl;
}

function reasonOf(why: string | undefined, name: string): string {
  return why ?? `token ${name}, on the command line`;
}
