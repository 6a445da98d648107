/** Keys of one receiver of the record (`audit.forward[]`). */

import { z } from 'zod';
import { integer, path } from './schema-kinds.ts';

const SCHEMES: Readonly<Record<string, readonly string[]>> = {
  syslog: ['tls:', 'tcp:', 'udp:'],
  otlp: ['https:', 'http:'],
  webhook: ['https:', 'http:'],
};

const target = z
  .url({ error: 'must be a URL' })
  .refine((text) => !hasCredentials(text), 'must hold no user or password; put them in `headers_file`')
  .describe(
    '`tls://`, `tcp://` or `udp://host:port` of a syslog receiver; whole `https://` or `http://` URL of another',
  );

export const forward = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be up to 32 lower-case letters, digits and hyphens')
      .describe('names its cursor and its metrics; a new name begins anew'),
    kind: z.enum(['syslog', 'otlp', 'webhook']).describe('protocol'),
    url: target,
    format: z
      .enum(['jsonl', 'ocsf', 'cloudevents'])
      .default('jsonl')
      .describe('of an entry, for syslog and webhook; `jsonl` is the entry byte for byte'),
    start: z.enum(['oldest', 'newest']).default('oldest').describe('where a receiver without a cursor begins'),
    ack: z
      .enum(['close', 'write'])
      .default('close')
      .describe('syslog over TCP and TLS: delivered when it closes after us, or when the socket took it'),
    refused: z
      .enum(['hold', 'skip'])
      .default('hold')
      .describe('an entry that it will not have: wait, or count it as lost and go on'),
    ca: path.optional().describe('PEM file of the CAs it is verified by; default: those of the system'),
    cert: path.optional().describe('PEM file of our certificate'),
    key: path.optional().describe('PEM file of its key'),
    headers_file: path.optional().describe('file (0600) of `Name: value` lines sent with each request, read each time'),
    gzip: z.boolean().default(false).describe('whether request bodies are compressed'),
    facility: integer(0, 23, 13).describe('syslog facility; 13 is log audit'),
    batch_entries: integer(1, 256, 256).describe('most entries in one batch'),
    batch_bytes: integer(1024, 16 * 1024 * 1024, 1024 * 1024).describe('most bytes of entries in one batch of several'),
    deadline_ms: integer(100, 600_000, 10_000).describe('for one batch'),
    max_backoff_ms: integer(100, 3_600_000, 60_000).describe('longest wait between two tries'),
  })
  .superRefine((sink, context) => {
    const fitting = SCHEMES[sink.kind] ?? [];
    if (!fitting.includes(protocolOf(sink.url))) {
      const message = `must begin with ${fitting.map((scheme) => `\`${scheme}//\``).join(' or ')} for \`${sink.kind}\``;
      context.addIssue({ code: 'custom', path: ['url'], message });
    } else if (sink.kind === 'syslog' && !/^[a-z]+:\/\/[^/?#]+:[0-9]+\/?$/.test(sink.url)) {
      context.addIssue({ code: 'custom', path: ['url'], message: 'must name a host and a port, and nothing else' });
    }
    if ((sink.cert === undefined) !== (sink.key === undefined)) {
      context.addIssue({ code: 'custom', path: ['cert'], message: 'and `key` go together' });
    }
  })
  .describe('one receiver of the record');

export type ForwardConfig = z.output<typeof forward>;

function hasCredentials(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.username !== '' || url.password !== '');
}

function protocolOf(text: string): string {
  return URL.parse(text)?.protocol ?? '';
}
