/** The second stage end to end: gateway, guard, Google's own client, and a gRPC server made of the published protos. */

import { protos } from '@google-cloud/dlp';
import * as grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openSecondStage } from '../../src/appliance/rules/second-stage.ts';
import { configSchema } from '../../src/config/schema.ts';
import { DEV_KEY, type TestGateway, testGateway } from './fixture.ts';

const { InspectContentRequest, InspectContentResponse } = protos.google.privacy.dlp.v2;
type Request = protos.google.privacy.dlp.v2.InspectContentRequest;
type Answer = protos.google.privacy.dlp.v2.IInspectContentResponse;
type Reply = grpc.sendUnaryData<Answer>;

const calls: string[][] = [];
let answer: (values: string[], reply: Reply) => void;
const server = new grpc.Server();
let gate: TestGateway;
const opened = new Map<string, TestGateway>();
let port = 0;

const finds = (values: string[], truncated = false): Answer => ({
  result: {
    findings: values.flatMap((value, rowIndex) =>
      value.includes('real')
        ? [
            {
              infoType: { name: 'PASSWORD' },
              location: { contentLocations: [{ recordLocation: { tableLocation: { rowIndex } } }] },
            },
          ]
        : [],
    ),
    findingsTruncated: truncated,
  },
});

async function gatewayThat(failure: 'open' | 'closed'): Promise<TestGateway> {
  const secondStage = await openSecondStage({
    config: configSchema.parse({
      guard: {
        second_stage: {
          project: 'p',
          endpoint: '127.0.0.1',
          deadline_ms: 1500,
          rules: [{ match: 'PASSWORD', types: ['PASSWORD'], failure }],
          breaker_failures: 100,
        },
      },
    }),
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    meter: { count: () => {}, observe: () => {}, set: () => {}, onCollect: () => {} } as never,
    client: { port, sslCreds: grpc.credentials.createInsecure() },
  });
  return await testGateway({}, { secondStage });
}

beforeAll(async () => {
  // Google's client looks for the metadata server of its cloud, which is not on this machine.
  vi.stubEnv('METADATA_SERVER_DETECTION', 'none');
  server.addService(
    {
      InspectContent: {
        path: '/google.privacy.dlp.v2.DlpService/InspectContent',
        requestStream: false,
        responseStream: false,
        requestSerialize: (message: Request) => Buffer.from(InspectContentRequest.encode(message).finish()),
        requestDeserialize: (bytes: Buffer) => InspectContentRequest.decode(bytes),
        responseSerialize: (message: Answer) => Buffer.from(InspectContentResponse.encode(message).finish()),
        responseDeserialize: (bytes: Buffer) => InspectContentResponse.decode(bytes),
      },
    },
    {
      InspectContent: ({ request }: { request: Request }, reply: Reply) => {
        const values = (request.item?.table?.rows ?? []).map(({ values: row }) => row?.[0]?.stringValue ?? '');
        calls.push(values);
        answer(values, reply);
      },
    },
  );
  port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  for (const failure of ['open', 'closed'] as const) opened.set(failure, await gatewayThat(failure));
}, 60_000);

afterAll(async () => {
  for (const one of opened.values()) await one.close();
  server.forceShutdown();
  vi.unstubAllEnvs();
});

beforeEach(() => {
  calls.length = 0;
  answer = (values, reply) => reply(null, finds(values));
  use('open');
});

function use(failure: 'open' | 'closed'): void {
  gate = opened.get(failure) as TestGateway;
}

let serial = 0;
/** Each value is new, so that no answer is remembered from another test; of words, so that no rule is certain of it. */
const value = (kind: 'real' | 'fine') => {
  serial += 1;
  return `Garden!${kind}Tower${serial}`;
};
const guarded = async (text: string) => {
  const { body } = await gate.call('/v1/guard', { body: { text, profile: 'code', direction: 'result' } });
  return body as { action: string; text: string };
};
const tag = (secret: string) => `<password>${secret}</password>`;

describe('POST /v1/guard', () => {
  it('redacts what is confirmed, leaves what is not, and sends the spans alone, in one call', async () => {
    const [real, fine] = [value('real'), value('fine')];
    const { action, text } = await guarded(`address: 1 Main St ${tag(real)} and ${tag(fine)}`);
    expect({ action, text }).toEqual({
      action: 'redact',
      text: `address: 1 Main St ${tag('[REDACTED:PASSWORD]')} and ${tag(fine)}`,
    });
    expect(calls).toEqual([[real, fine]]);
  });

  it('says in its answer and in the record that somebody was asked, and nothing where nobody could be', async () => {
    expect(await guarded(tag(value('fine')))).toMatchObject({ second_stage: 'asked' });
    expect(gate.recorded.at(-1)).toMatchObject({ type: 'guard.verdict', second_stage: 'asked' });
    expect(await guarded('nothing uncertain')).not.toHaveProperty('second_stage');
    expect(gate.recorded.at(-1)).not.toHaveProperty('second_stage');
  });

  it('asks once about one value', async () => {
    const real = value('real');
    await guarded(tag(real));
    expect((await guarded(tag(real))).action).toBe('redact');
    expect(calls).toEqual([[real]]);
  });

  const troubles: Record<string, (values: string[], reply: Reply) => void> = {
    'a quota error': (_values, reply) => reply({ code: grpc.status.RESOURCE_EXHAUSTED, details: 'quota' }),
    'no answer before the deadline': () => undefined,
    'findings cut off': (_values, reply) => reply(null, { result: { findings: [], findingsTruncated: true } }),
  };
  for (const [name, trouble] of Object.entries(troubles)) {
    it(`${name}: open lets through, closed acts; no retry`, async () => {
      answer = trouble;
      const fine = value('fine');
      expect((await guarded(tag(fine))).action).toBe('pass');
      use('closed');
      expect((await guarded(tag(fine))).text).toBe(tag('[REDACTED:PASSWORD]'));
      expect(calls).toEqual([[fine], [fine]]);
    });
  }

  it('takes from a cut-off answer what it does confirm', async () => {
    answer = (values, reply) => reply(null, finds(values, true));
    const [real, fine] = [value('real'), value('fine')];
    expect((await guarded(tag(real) + tag(fine))).text).toBe(tag('[REDACTED:PASSWORD]') + tag(fine));
  });

  it('cuts a streamed body in which something is confirmed', async () => {
    const stream = (secret: string) =>
      fetch(`${gate.gateway.url}/v1/guard?profile=code&direction=result`, {
        method: 'POST',
        headers: { authorization: `Bearer ${DEV_KEY}`, 'content-type': 'text/plain' },
        body: tag(secret),
      });
    const fine = value('fine');
    expect(await (await stream(fine)).text()).toBe(tag(fine));
    const real = value('real');
    const outcome = await stream(real).then(
      async (response) => `${response.status} ${await response.text()}`,
      () => 'cut',
    );
    expect(outcome).not.toContain(real);
    const asked = { type: 'guard.verdict', action: 'block', second_stage: 'asked' };
    expect(gate.recorded.at(-1)).toMatchObject(asked);
  });
});

it('results of tasks are asked about as well', async () => {
  const real = value('real');
  const body = { class: 'code', code: `export default () => ${JSON.stringify(tag(real))};` };
  const { body: report } = await gate.call('/v1/tasks', { body });
  expect(report).toMatchObject({ result: tag('[REDACTED:PASSWORD]'), guard: { second_stage: 'asked' } });
  const verdict = gate.recorded.find(({ type }) => type === 'guard.verdict');
  expect(verdict).toMatchObject({ second_stage: 'asked' });
  expect(calls).toEqual([[real]]);
});

it('does not start where Google’s client would write values into its log', async () => {
  vi.stubEnv('GOOGLE_SDK_NODE_LOGGING', 'dlp');
  await expect(gatewayThat('open')).rejects.toThrow('unset GOOGLE_SDK_NODE_LOGGING');
  vi.stubEnv('GOOGLE_SDK_NODE_LOGGING', '');
});
