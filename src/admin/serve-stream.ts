/** What is answered piece by piece: the record as lines, and events as they come. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { drained } from '../core/drained.ts';
import { answerFault, openEventStream, openLines } from './answer.ts';
import type { Caller, InputOf } from './contract.ts';
import { streamEntries } from './event-stream.ts';
import { fault, tooMany } from './fault.ts';
import type { OpenStreams } from './open-streams.ts';
import type { AdminPorts } from './ports.ts';
import type { SeenEvent } from './recorded-entry.ts';
import type { Matched } from './request-input.ts';
import type { Tokens } from './tokens.ts';

interface StreamDesk {
  readonly ports: Pick<AdminPorts, 'record'>;
  readonly tokens: Pick<Tokens, 'holds'>;
  readonly streams: OpenStreams;
}

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly matched: Matched;
  readonly caller: Caller;
  readonly input: { readonly query: unknown };
}

/**
 * A file, as it is read from the record. What is wrong before the first line is a problem document; later, the connection is cut,
 * so that a part never looks whole. It does not outlive its token.
 */
export async function serveLines(desk: StreamDesk, { request, response, input, caller }: Call): Promise<void> {
  const query = input.query as InputOf<'auditExport'>['query'];
  const name = query.format === 'jsonl' ? 'locktender-record.jsonl' : `locktender-record.${query.format}.jsonl`;
  if (request.method === 'HEAD') {
    openLines(response, name);
    return void response.end();
  }
  for await (const piece of desk.ports.record.export(query)) {
    if (response.destroyed) return;
    if (!desk.tokens.holds(caller.id)) return void response.destroy();
    if (!response.headersSent) openLines(response, name);
    if (!response.write(piece)) await drained(response);
  }
  if (!response.headersSent) openLines(response, name);
  response.end();
}

/** Events as they are recorded, until the reader goes or its token ends. */
export async function serveEvents(
  desk: StreamDesk,
  { request, response, matched, input, caller }: Call,
): Promise<void> {
  const query = input.query as { after?: number; tenant?: string; when_behind?: 'end' | 'skip' };
  const header = request.headers['last-event-id'];
  // To begin from now instead would pass over what the reader has not seen.
  if (header !== undefined && !/^[0-9]{1,15}$/.test(String(header))) {
    return answerFault(response, fault('bad_request', '`last-event-id` must be a sequence number of this record'));
  }
  const resumed = header === undefined ? null : Number(header);
  const wants = ({ type, tenant }: SeenEvent) =>
    (matched.id === 'auditTail' || type === 'decision') && (query.tenant === undefined || tenant === query.tenant);
  if (!desk.streams.open(caller.id)) return answerFault(response, tooMany('close a stream of this token', 10));
  response.once('close', () => desk.streams.closed(caller.id));
  openEventStream(response);
  if (request.method === 'HEAD') return void response.end();
  await streamEntries(response, desk.ports.record, {
    after: resumed ?? query.after ?? null,
    wants,
    whenBehind: query.when_behind ?? 'end',
    stillAllowed: () => desk.tokens.holds(caller.id),
  });
}
