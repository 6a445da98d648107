/** The steps of the tour. Each throws what it saw instead when it did not see what it should. */

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { parseVerifierKey, verifierKey } from '../../audit/signed-note.ts';
import { verifyLog } from '../../audit/verify.ts';
import type { Appliance } from '../start-appliance.ts';
import { DEMO_HOSTS, DEMO_SECRET } from './demo-origins.ts';
import { type Answer, call, get, open, secret, TunnelDenied } from './tour-client.ts';

export interface TourScene {
  readonly appliance: Appliance;
  readonly originPort: number;
}

export interface TourStep {
  readonly name: string;
  /** What was observed, in a sentence. */
  observe(scene: TourScene): Promise<string>;
}

const CUT_WITHIN_MS = 5000;
const TOOL = `export default async (input, env) => {
  const response = await fetch(input.url);
  return { status: response.status, config: await response.json() };
};`;

export const TOUR_STEPS: readonly TourStep[] = [
  { name: 'a request is allowed', observe: allowed },
  { name: 'a request is denied, and told why and what would allow it', observe: denied },
  { name: 'a category is blocked by default', observe: blockedByDefault },
  { name: 'a secret in a response is redacted on its way in', observe: redacted },
  { name: 'a category is blocked: its live stream is cut, another lives on', observe: cut },
  { name: 'a tool runs in a fresh isolate, its result is guarded', observe: isolate },
  { name: 'the record verifies', observe: verified },
];

async function allowed(scene: TourScene): Promise<string> {
  const answer = await get(scene.appliance, await pass(scene), url(scene, 'docs', '/'));
  expect(answer.status === 200, `status ${answer.status}`);
  expect(answer.body.startsWith(`hello from ${DEMO_HOSTS.docs}`), 'another body');
  return `GET ${url(scene, 'docs', '/')} answered 200`;
}

async function denied(scene: TourScene): Promise<string> {
  const answer = await denialOf(() => passed(scene, (proxy) => get(scene.appliance, proxy, 'https://example.com/')));
  expect(answer.status === 403, `status ${answer.status}`);
  const { error } = JSON.parse(answer.body) as { error: { code: string; decision: string; would_allow: string[] } };
  expect(error.code === 'default_deny', `reason ${error.code}`);
  expect(answer.headers['locktender-decision'] === error.decision, 'the decision id in the header differs');
  expect(error.would_allow.length > 0, 'it was not said what would allow it');
  return `example.com: 403 ${error.code}; ${error.would_allow[0]} would allow it (decision ${error.decision})`;
}

async function blockedByDefault(scene: TourScene): Promise<string> {
  const answer = await denialOf(() => passed(scene, (proxy) => get(scene.appliance, proxy, url(scene, 'paste', '/'))));
  const { error } = JSON.parse(answer.body) as { error: { code: string; categories: string[] } };
  expect(error.code === 'category_blocked', `reason ${error.code}`);
  return `${DEMO_HOSTS.paste}: 403 ${error.code} (${error.categories.join(', ')})`;
}

async function redacted(scene: TourScene): Promise<string> {
  const answer = await get(scene.appliance, await pass(scene), url(scene, 'docs', '/config.json'));
  expect(answer.status === 200, `status ${answer.status}`);
  expect(!answer.body.includes(DEMO_SECRET), 'the secret came through');
  expect((JSON.parse(answer.body) as { name: string }).name === 'demo', 'the rest of the body did not come through');
  return answer.body;
}

async function cut(scene: TourScene): Promise<string> {
  const proxy = await pass(scene);
  const doomed = await open(scene.appliance, proxy, url(scene, 'files', '/download'));
  const other = await open(scene.appliance, proxy, url(scene, 'docs', '/download'));
  await Promise.all([once(doomed, 'data'), once(other, 'data')]);
  doomed.on('error', () => undefined);
  other.on('error', () => undefined);
  const ended = endOf(doomed);
  const { status, body } = await call(scene.appliance.adminAddress, {
    path: '/v1/categories/net-disks/block',
    key: secret(scene.appliance, 'admin-token'),
    body: { why: 'tour' },
  });
  expect(status === 200, `the block was answered ${status}`);
  expect(await ended, 'the stream went on');
  expect(Number(body['cut']) >= 1 && body['cut'] === body['dependants'], `receipt ${JSON.stringify(body)}`);
  await once(other, 'data');
  expect(!other.destroyed, 'the other stream was cut too');
  other.destroy();
  return `cut ${body['cut']} of ${body['dependants']} flows, slowest ${body['slowest_ms']} ms; the other stream went on`;
}

async function isolate(scene: TourScene): Promise<string> {
  const { status, body } = await call(scene.appliance.gatewayAddress, {
    path: '/v1/tasks',
    key: secret(scene.appliance, 'gateway-key'),
    body: { code: TOOL, input: { url: url(scene, 'docs', '/config.json') } },
  });
  expect(status === 200, `the task was answered ${status}: ${JSON.stringify(body)}`);
  expect(body['status'] === 'completed', `it ended as ${String(body['status'])}`);
  const text = JSON.stringify(body['result']);
  expect(text.includes('"status":200') && !text.includes(DEMO_SECRET), 'the secret came through');
  return `task ${String(body['task'])} behind \`${String(body['wall'])}\`: ${text}`;
}

async function verified({ appliance }: TourScene): Promise<string> {
  const { audit, keys, config } = appliance.core;
  await audit.publish();
  const verifiers = keys.all('checkpoint').map((key) => {
    const parsed = parseVerifierKey(verifierKey(config.audit.origin, key.rawPublicKey));
    if (!parsed.ok) throw new Error(parsed.error);
    return parsed.value;
  });
  const report = verifyLog(audit.dir, { verifiers });
  expect(report.ok, `not verified: ${JSON.stringify(report.fault)}`);
  expect(report.checked > 10 && report.unknownKeys === 0, `${report.checked} entries checked`);
  return `${report.checked} entries, ${report.checkpoints} signed checkpoints`;
}

async function pass({ appliance }: TourScene): Promise<string> {
  const { status, body } = await call(appliance.adminAddress, {
    path: '/v1/passes',
    key: secret(appliance, 'admin-token'),
    body: { tenant: 'acme', class: 'demo' },
  });
  expect(status === 200, `the pass was answered ${status}: ${JSON.stringify(body)}`);
  return String(body['proxy_url']);
}

async function passed<T>(scene: TourScene, use: (proxyUrl: string) => Promise<T>): Promise<T> {
  return use(await pass(scene));
}

async function denialOf(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof TunnelDenied) return error.answer;
    throw error;
  }
}

/** True when the stream ends within the time that a cut may take. */
function endOf(stream: IncomingMessage): Promise<boolean> {
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve(false), CUT_WITHIN_MS);
    stream.once('close', () => {
      clearTimeout(late);
      resolve(true);
    });
    stream.resume();
  });
}

function url({ originPort }: TourScene, host: keyof typeof DEMO_HOSTS, path: string): string {
  return `https://${DEMO_HOSTS[host]}:${originPort}${path}`;
}

function expect(seen: boolean, otherwise: string): asserts seen {
  if (!seen) throw new Error(`not observed: ${otherwise}`);
}
