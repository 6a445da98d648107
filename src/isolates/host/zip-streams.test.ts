import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { ZipStreams } from './zip-streams.ts';

const none = new Uint8Array(0);
const step = async (zips: ZipStreams, order: object, bytes: Uint8Array = none) => {
  const { json, bytes: out } = await zips.step(JSON.stringify(order), bytes);
  return { fault: (JSON.parse(json) as { value: string | null }).value, out };
};

it('T-61 makes of a piece of a bomb no more than DEFLATE can', async () => {
  const zips = new ZipStreams();
  const bomb = gzipSync(new Uint8Array(64 * 1024 * 1024));
  const { fault, out } = await step(zips, { id: 1, kind: 'un-gzip', end: false }, bomb.subarray(0, 16 * 1024));
  expect(fault).toBeNull();
  expect(out.length).toBeGreaterThan(1024 * 1024);
  expect(out.length).toBeLessThan(1032 * 16 * 1024);
  expect((await step(zips, { id: 2, kind: 'un-gzip', end: false }, bomb)).fault).not.toBeNull();
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

it.each(['', 'null', '{}', '{"id":1,"kind":"constructor"}', '{"id":"1","kind":"gzip"}', '{"id":1,"kind":"brotli"}'])(
  'never rejects, whatever an isolate says: %s',
  async (text) => {
    const { json } = await new ZipStreams().step(text, none);
    expect(JSON.parse(json)).toMatchObject({ ok: true, value: expect.any(String) });
  },
);

it('ends a step whose stream is closed beneath it', async () => {
  const zips = new ZipStreams();
  const pending = step(zips, { id: 1, kind: 'gzip', end: false }, new Uint8Array(1000));
  zips.end();
  expect((await pending).out.length).toBeLessThan(1000);
});
