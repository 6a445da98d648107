/** Everything the command line does, as HTTP: a command without its route fails here, and so does a role without its line. */

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ROUTES, type RouteId } from './contract.ts';
import { openApiDocument } from './openapi.ts';

type Twin = RouteId | readonly RouteId[] | { readonly gateway: string } | { readonly here: string };
const here = (why: string): Twin => ({ here: why });

/** Each command, and the route that does the same; or why it is of the caller's own machine. */
const TWINS: Readonly<Record<string, Twin>> = {
  serve: here('is the appliance'),
  tour: here('starts an appliance of its own'),
  'config check': here('reads a file before an appliance runs with it'),
  'config reference': here('says what keys there are'),
  'config schema': here('says what keys there are'),
  'pass issue': 'passIssue',
  'pass inspect': 'passInspect',
  'pass revoke': 'passRevoke',
  run: here('makes a network namespace round a command'),
  relay: here('stands in a sandbox of this machine'),
  exec: { gateway: 'POST /v1/tasks' },
  'category list': 'categoryList',
  'category lookup': 'categoryLookup',
  'category block': 'categoryBlock',
  'category unblock': 'categoryUnblock',
  'category preview': 'categoryPreview',
  'category import': here('writes lists into files'),
  'category compile': here('writes an index into files'),
  'capability list': 'capabilityList',
  'capability show': 'capabilityShow',
  'capability revoke': 'capabilityRevoke',
  'capability restore': 'capabilityRestore',
  'tenant list': 'tenantList',
  'tenant quarantine': 'tenantQuarantine',
  'tenant release': 'tenantRelease',
  'task list': 'taskList',
  'task show': 'taskShow',
  'task kill': 'taskKill',
  'host allow': 'hostAllow',
  'host deny': 'hostDeny',
  'host clear': 'hostClear',
  'control list': 'controlList',
  'control approve': 'controlApprove',
  'control reject': 'controlReject',
  undo: 'controlUndo',
  'token issue': 'tokenMake',
  'token list': 'tokenList',
  'token revoke': 'tokenRevoke',
  'policy check': ['policyDiff', 'policyContracts'],
  'policy explain': 'policyExplain',
  'policy diff': 'policyDiff',
  'policy learn': 'policyLearn',
  'policy test': 'policyContracts',
  'policy replay': 'policyReplay',
  'policy reload': 'policyReload',
  decide: 'policyExplain',
  'dlp scan': ['ruleTry', 'ruleFile'],
  'dlp test': 'ruleTry',
  'dlp lint': 'ruleTry',
  'dlp bench': 'ruleTry',
  'dlp exact': here('hashes a file that must not leave'),
  'dlp fingerprint': here('hashes files that must not leave'),
  'dlp dictionary': here('makes a rule file of a file'),
  'dlp canary': here('makes a secret, shown once'),
  'dlp import': here('makes a rule file of a file'),
  guard: { gateway: 'POST /v1/guard' },
  'audit verify': 'auditVerify',
  'audit query': 'auditQuery',
  'audit tail': 'auditTail',
  'audit proof': 'auditProof',
  'audit keys': ['auditKeys', 'auditRotate'],
  'audit prune': 'auditPrune',
  'audit shred': 'auditShred',
  'audit export': 'auditExport',
  'audit witness': here('is another party, with a key of its own'),
  'audit forward status': 'auditForward',
  'fleet status': 'fleetStatus',
  'fleet key': here('prints a public key of this node'),
  'fleet follow': 'fleetFollow',
  status: 'status',
  doctor: here('tries the toolchains of this machine'),
  completion: here('is of a shell'),
  slo: 'slo',
};

/** What only the console asks for: it has no command, and needs none. */
const BEYOND: readonly RouteId[] = ['me', 'loginWays', 'loginRedeem', 'profileList', 'preview', 'sloHistory', 'flows'];
const ALSO: readonly RouteId[] = [
  ...['decisions', 'ruleList', 'ruleSave', 'rulesReload', 'policyBundle', 'auditCheckpoint', 'auditRetention'],
  ...['caCertificate', 'openapi', 'healthz', 'readyz', 'metrics'],
] as RouteId[];

it('has a route for every command, and no command is forgotten here', () => {
  const reference = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
  const commands = [...reference.matchAll(/^## `locktender ([a-z ]+?)(?: [<[].*)?`$/gm)].map(([, name]) => name);
  expect(commands.toSorted()).toEqual(Object.keys(TWINS).toSorted());
});

it('knows every route as a twin, or as one beyond the command line', () => {
  const twins = Object.values(TWINS).flatMap((twin) => (typeof twin === 'object' && !Array.isArray(twin) ? [] : twin));
  const known = new Set<unknown>([...twins, ...BEYOND, ...ALSO]);
  expect(Object.keys(ROUTES).filter((id) => !known.has(id))).toEqual([]);
});

/** OpenAPI 3.1, section 4.8: what a reader of the document relies on. */
it('is a document whose every reference and path parameter resolves', () => {
  const document = openApiDocument('1.2.3') as {
    openapi: string;
    paths: Record<string, Record<string, { operationId: string; parameters: { name: string; in: string }[] }>>;
    components: { schemas: object };
  };
  expect(document.openapi).toMatch(/^3\.1\.\d$/);
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)].map(([, to]) => to);
  expect(new Set(references)).toEqual(new Set(['#/components/schemas/Fault']));
  const operations = Object.entries(document.paths).flatMap(([path, of]) =>
    Object.values(of).map((operation) => ({ path, ...operation })),
  );
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(Object.keys(ROUTES).length);
  for (const { path, parameters } of operations) {
    const inPath = parameters.filter((one) => one.in === 'path').map(({ name }) => name);
    expect(inPath.toSorted(), path).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).toSorted());
  }
});

it('says in the document with which statuses and types a route may answer', () => {
  const { paths } = openApiDocument('1.2.3') as {
    paths: Record<string, Record<string, { responses: Record<string, { content: object }> }>>;
  };
  const told = (path: string, method: string) => {
    const responses = Object.entries(paths[path]?.[method]?.responses ?? {});
    return responses.map(([status, { content }]) => `${status} ${Object.keys(content).join()}`);
  };
  const problem = 'application/problem+json';
  const changes = [400, 401, 403, 404, 405, 409, 412, 413, 415, 421, 429, 500, 503].map((of) => `${of} ${problem}`);
  expect(told('/v1/controls/{name}/undo', 'post')).toEqual(['200 application/json', ...changes, `default ${problem}`]);
  expect(told('/ca.pem', 'get')).toContain('200 application/x-pem-file');
  expect(told('/readyz', 'get')).toContain('503 application/json');
});
