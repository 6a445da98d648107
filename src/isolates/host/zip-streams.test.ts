import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { ZipStreams } from './zip-streams.ts';

const none = new Uint8Array(0);
const step = async (zips: ZipStreams, order: object, bytes: Uint8Array = none) => {
  const { json, bytes: out } = await zips.step(JSON.stringify(order), bytes);
  const { fault, more } = (JSON.parse(json) as { value: { fault: string | null; more: boolean } }).value;
  return { fault, more, out };
};

it.each([
  ['un-gzip', gzipSync],
  ['un-brotli', brotliCompressSync],
  ['un-zstd', zstdCompressSync],
] as const)(
  'T-61 makes no more of a bomb in one step than its bound, all of it in as many as it takes: %s',
  async (kind, pack) => {
    const zips = new ZipStreams();
    const size = 4 * 1024 * 1024;
    const bomb = pack(new Uint8Array(size));
    let total = 0;
    for (let at = 0, more = false; at < bomb.length || more; ) {
      const piece = more ? none : bomb.subarray(at, at + 16 * 1024);
      at += piece.length;
      const made = await step(zips, { id: 1, kind, end: false }, piece);
      expect(made.fault).toBeNull();
      expect(made.out.length).toBeLessThan(1.25 * 1024 * 1024);
      total += made.out.length;
      more = made.more;
    }
    expect(total).toBe(size);
    expect(await step(zips, { id: 1, kind, end: true })).toMatchObject({ fault: null, more: false });
    expect((await step(zips, { id: 2, kind, end: false }, new Uint8Array(16 * 1024 + 1))).fault).not.toBeNull();
    zips.end();
  },
);

it('T-61 opens few of those that need much memory', async () => {
  const zips = new ZipStreams();
  for (let id = 0; id < 8; id += 1) expect((await step(zips, { id, kind: 'un-brotli', end: false })).fault).toBeNull();
  expect((await step(zips, { id: 8, kind: 'un-zstd', end: false })).fault).toBe('too many streams are open');
  expect((await step(zips, { id: 8, kind: 'un-gzip', end: false })).fault).toBeNull();
  zips.end();
});

it('opens no more than it can hold, and others once those are closed', async () => {
  const zips = new ZipStreams();
  const open = (id: number) => step(zips, { id, kind: 'gzip', end: false });
  for (let id = 0; id < 64; id += 1) expect((await open(id)).fault).toBeNull();
  expect((await open(64)).fault).toBe('too many streams are open');
  zips.close(0);
  expect((await open(64)).fault).toBeNull();
  zips.end();
  expect((await open(1)).fault).toBeNull();
  zips.end();
});

it.each(['', 'null', '{}', '{"id":1,"kind":"constructor"}', '{"id":"1","kind":"gzip"}', '{"id":1,"kind":"zstd"}'])(
  'never rejects, whatever an isolate says: %s',
  async (text) => {
    const { json } = await new ZipStreams().step(text, none);
    expect(JSON.parse(json)).toMatchObject({ ok: true, value: { fault: expect.any(String) } });
  },
);

it('ends a step whose stream is closed beneath it', async () => {
  const zips = new ZipStreams();
  const pending = step(zips, { id: 1, kind: 'gzip', end: false }, new Uint8Array(1000));
  zips.end();
  expect((await pending).out.length).toBeLessThan(1000);
});
