/** The reference page of the admin API, made from the contract. */

import { z } from 'zod';
import { FAULTS } from './fault-codes.ts';
import type { Route } from './route.ts';

const INTRODUCTION = `# Admin API

<!-- Made from src/admin/contract.ts by \`npm run docs\`; do not edit. -->

JSON over HTTP on the admin door (\`admin.listen\`). The OpenAPI 3.1 document is \`/openapi.json\`. A caller sends
\`Authorization: Bearer\` and a token of \`locktender token issue\`; who may call what stands at each route, by role. Bodies
are \`application/json\`, unknown keys are refused. Faults are problem documents (RFC 9457, [below](#faults)). A call that changes something
is recorded as \`admin.access\`, and obeys \`If-Match\` with the version of the controls that the caller has seen. Instants
are epoch milliseconds. What is marked \`?\` may be left out.
`;

/** Markdown; every route once, in the order of the contract. */
export function adminReference(routes: Readonly<Record<string, Route>>): string {
  const parts = Object.entries(routes).map(([id, route]) => section(id, route));
  return `${[INTRODUCTION, table(routes), faults(), ...parts].join('\n')}`;
}

function table(routes: Readonly<Record<string, Route>>): string {
  const rows = Object.entries(routes).map(
    ([id, { method, path, access }]) => `| [\`${method} ${path}\`](#${id.toLowerCase()}) | ${who(access)} |`,
  );
  return `| Route | Who |\n|---|---|\n${rows.join('\n')}\n`;
}

function faults(): string {
  const rows = Object.entries(FAULTS).map(([code, [status, meaning]]) => `| \`${code}\` | ${status} | ${meaning} |`);
  const waits =
    'With `needs_second_person` come `pending`, the id that `POST /v1/controls/{name}/approve` takes, and `until`, the instant after which it is too late.';
  return `## Faults\n\n| Code | Status | Meaning |\n|---|---|---|\n${rows.join('\n')}\n\n${waits}\n`;
}

function section(id: string, route: Route): string {
  const lines = [`## ${id}`, '', `\`${route.method} ${route.path}\`: ${route.summary}`, ''];
  const given = { Path: route.params, Query: route.query, ...(route.body === null ? {} : { Body: route.body }) };
  for (const [name, schema] of Object.entries(given)) {
    const text = shown(jsonOf(schema, 'input'));
    if (text !== '{}') lines.push(`${name}: \`${text}\``, '');
  }
  lines.push(`${answerName(route)}: \`${shown(jsonOf(route.response, 'output'))}\``, '');
  return lines.join('\n');
}

function answerName({ answers }: Route): string {
  if (answers === 'lines') return 'A file of lines (`application/x-ndjson`), each';
  return answers === 'events' ? 'Server-sent events, each' : 'Answer';
}

function who(access: Route['access']): string {
  return access === 'public' ? 'everybody, without a token' : access.join(', ');
}

interface Json {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Json>>;
  readonly required?: readonly string[];
  readonly items?: Json;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Json[];
  readonly additionalProperties?: Json | boolean;
}

function jsonOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  return z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json;
}

/** A schema in one line, as a type. */
function shown(of: Json): string {
  if (of.anyOf) return of.anyOf.map(shown).join(' or ');
  if (of.const !== undefined) return JSON.stringify(of.const);
  if (of.enum) return of.enum.map((value) => JSON.stringify(value)).join(' or ');
  if (of.type === 'array') return `[${shown(of.items ?? {})}…]`;
  if (of.type !== 'object') return typeof of.type === 'string' ? of.type : 'any';
  const { properties = {}, required = [] } = of;
  const fields = Object.entries(properties).map(([name, field]) => {
    const mark = required.includes(name) ? '' : '?';
    return `${name}${mark}: ${shown(field)}`;
  });
  if (typeof of.additionalProperties === 'object' && fields.length === 0) return '{…}';
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`;
}
