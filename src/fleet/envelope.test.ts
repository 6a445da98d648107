import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { keyOf, signerOf } from '../../test/fleet/node-signer.ts';
import { claimedNode, nodeKeyText, open, parseNodeKey, seal } from './envelope.ts';

const schema = z.strictObject({ node: z.string(), n: z.int() });

const hub = signerOf('hub');
const { key } = keyOf(hub);
const body = { node: 'hub', n: 7 };

describe('a signed message', () => {
  it('opens with the key of whoever sealed it', () => {
    const sealed = seal('order', body, hub);
    expect(open(sealed, { kind: 'order', key, schema })).toEqual({ ok: true, value: body });
    expect(claimedNode(sealed)).toBe('hub');
  });

  it('is not taken for one of another kind, also where its name is changed', () => {
    const sealed = seal('grant', body, hub);
    expect(open(sealed, { kind: 'order', key, schema }).ok).toBe(false);
    const outer = JSON.parse(zstdDecompressSync(sealed).toString()) as object;
    const renamed = zstdCompressSync(JSON.stringify({ ...outer, kind: 'order' }));
    expect(open(renamed, { kind: 'order', key, schema })).toEqual({ ok: false, error: 'its signature is wrong' });
  });

  it.each([
    ['another key', seal('order', body, signerOf('hub'))],
    ['no bytes', new Uint8Array()],
    ['bytes that are nothing', new Uint8Array([40, 181, 47, 253, 1, 2])],
    ['more than is unpacked', zstdCompressSync(Buffer.alloc(64 * 1024 * 1024))],
    ['what is not asked for', seal('order', { ...body, more: 1 }, hub)],
  ])('is refused with %s', (_, bytes) => {
    expect(open(bytes, { kind: 'order', key, schema }).ok).toBe(false);
  });

  it('has a key in text that names its node', () => {
    expect(parseNodeKey(nodeKeyText(hub))).toMatchObject({ ok: true, value: { node: 'hub' } });
    expect(parseNodeKey(nodeKeyText({ ...hub, node: 'Not_A_Node' })).ok).toBe(false);
    expect(parseNodeKey('hub+00000000+AAAA').ok).toBe(false);
  });
});
