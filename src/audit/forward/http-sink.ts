/** Receivers over HTTP: any 2xx acknowledges the whole batch; everything else leaves it to be sent again. */

import { readFile } from 'node:fs/promises';
import type { Agent, IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Delivered, type ForwardEntry, type ForwardSink, SinkFailure, unreachable } from './sink.ts';
import type { TlsFiles } from './syslog-sink.ts';

const { Agent: HttpAgent, request: httpRequest } = process.getBuiltinModule('node:http');

export interface HttpSinkOptions {
  readonly url: URL;
  /** File of `Name: value` lines, read for every batch, so that what it holds can be changed at any time. */
  readonly headersFile: string | null;
  readonly gzip: boolean;
  readonly tls: TlsFiles;
  readonly deadlineMs: number;
  readonly encode: (entries: readonly ForwardEntry[]) => HttpBatch;
  /** Reads a 2xx answer. */
  readonly accepted: (answer: string) => Delivered;
}

export interface HttpBatch {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

const MAX_ANSWER = 64 * 1024;
const MAX_RETRY_AFTER_MS = 300_000;
/** The content is what is wrong: sending the same again is of no use. */
const CONTENT_REFUSED: ReadonlySet<number> = new Set([400, 413, 422]);
const compress = promisify(gzip);

export function httpSink(options: HttpSinkOptions): ForwardSink {
  const secure = options.url.protocol === 'https:';
  const settings = { keepAlive: true, maxSockets: 1 };
  const agent = secure ? new HttpsAgent({ ...settings, ...options.tls }) : new HttpAgent(settings);
  return {
    send: async (entries, signal) => {
      const { body, headers } = options.encode(entries);
      const bytes = options.gzip ? await compress(body) : Buffer.from(body);
      const all = {
        ...(await headersOf(options.headersFile)),
        ...headers,
        ...(options.gzip ? { 'content-encoding': 'gzip' } : {}),
        'content-length': String(bytes.length),
      };
      const limit = AbortSignal.any([signal, AbortSignal.timeout(options.deadlineMs)]);
      const answer = await post(options.url, { agent, headers: all, signal: limit }, bytes).catch((error: unknown) => {
        if (limit.aborted && !signal.aborted)
          throw new SinkFailure('timeout', `no answer within ${options.deadlineMs} ms`);
        throw unreachable(error);
      });
      return judged(answer, options);
    },
    close: () => agent.destroy(),
  };
}

function judged(answer: Answer, { accepted }: HttpSinkOptions): Delivered {
  const { status } = answer;
  if (status >= 200 && status < 300) return accepted(answer.body);
  const reason = CONTENT_REFUSED.has(status) ? 'refused' : 'status';
  throw new SinkFailure(reason, `answer ${status}`, retryAfterMs(answer.retryAfter));
}

/** RFC 9110 10.2.3, in seconds; a date is left aside, and back-off stands in for it. */
function retryAfterMs(value: string | undefined): number | null {
  if (value === undefined || !/^[0-9]{1,9}$/.test(value)) return null;
  return Math.min(MAX_RETRY_AFTER_MS, Number(value) * 1000);
}

async function headersOf(file: string | null): Promise<Record<string, string>> {
  if (file === null) return {};
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new SinkFailure('unreachable', `its \`headers_file\` cannot be read (${unreachable(error).message})`);
  });
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(':');
      return [line.slice(0, Math.max(0, at)).trim().toLowerCase(), line.slice(at + 1).trim()];
    }),
  );
}

function post(
  url: URL,
  options: { readonly agent: Agent; readonly headers: Record<string, string>; readonly signal: AbortSignal },
  bytes: Buffer,
): Promise<Answer> {
  const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = open(url, { method: 'POST', ...options }, (response) => {
      bounded(response).then((body) => {
        resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'], body });
      }, reject);
    });
    request.on('error', reject);
    request.end(bytes);
  });
}

/** No more of the answer is kept than an answer can need; the rest is read and dropped. */
async function bounded(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (length < MAX_ANSWER) chunks.push(chunk);
    length += chunk.length;
  }
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER).toString('utf8');
}
