import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { EntryAltered } from '../audit/read.ts';
import { serveLines } from './serve-stream.ts';

/** An answer as far as it is used here. */
class Answer extends Writable {
  readonly said: string[] = [];
  headersSent = false;
  writeHead(status: number): this {
    this.headersSent = true;
    this.said.push(String(status));
    return this;
  }
  override _write(piece: Buffer, _: BufferEncoding, done: () => void): void {
    this.said.push(piece.toString());
    done();
  }
}

function served(pieces: AsyncIterable<string>, holds: () => boolean, response = new Answer()) {
  const desk = { ports: { record: { export: () => pieces } }, tokens: { holds }, streams: null };
  const call = { request: { method: 'GET' }, response, caller: { id: 'a_1' }, input: { query: { format: 'jsonl' } } };
  return { response, over: serveLines(desk as never, call as never) };
}

it('begins no answer before it knows that there is one', async () => {
  async function* harmed() {
    yield* [];
    throw new EntryAltered('/state/audit', 7);
  }
  const { response, over } = served(harmed(), () => true);
  await expect(over).rejects.toThrow('entry 7');
  expect(response.said).toEqual([]);
  const empty = served((async function* () {})(), () => true);
  await empty.over;
  expect(empty.response.said).toEqual(['200']);
});

it('ends with its token, and is cut then, so that a part never looks whole', async () => {
  let pieces = 0;
  async function* long() {
    while (pieces < 10) {
      pieces += 1;
      yield `${pieces}\n`;
    }
  }
  const { response, over } = served(long(), () => pieces < 3);
  await over;
  expect(response.said).toEqual(['200', '1\n', '2\n']);
  expect([response.destroyed, response.writableEnded]).toEqual([true, false]);
});
