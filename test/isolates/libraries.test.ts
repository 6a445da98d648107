/** A library as tools bring it along, bundled: `jose`, which signs and seals tokens for most SDKs. */

import { rolldown } from 'rolldown';
import { expect, it } from 'vitest';
import { createIsolatePool } from '../../src/isolates/pool.ts';

const TOOL = `
import { CompactEncrypt, compactDecrypt, exportJWK, exportPKCS8, generateKeyPair, importJWK, importPKCS8, jwtVerify, SignJWT } from 'jose';
export default async () => {
  const out = {};
  for (const alg of ['RS256', 'ES256', 'EdDSA']) {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const key = await importPKCS8(await exportPKCS8(privateKey), alg);
    const jwt = await new SignJWT({ alg }).setProtectedHeader({ alg }).setExpirationTime('1h').sign(key);
    out[alg] = (await jwtVerify(jwt, await importJWK(await exportJWK(publicKey), alg))).payload.alg;
  }
  const { publicKey, privateKey } = await generateKeyPair('ECDH-ES+A256KW');
  const header = { alg: 'ECDH-ES+A256KW', enc: 'A256GCM' };
  const sealed = await new CompactEncrypt(new TextEncoder().encode('sealed')).setProtectedHeader(header).encrypt(publicKey);
  out.jwe = new TextDecoder().decode((await compactDecrypt(sealed, privateKey)).plaintext);
  return out;
};`;

async function bundled(code: string): Promise<string> {
  const entry = {
    name: 'entry',
    resolveId: (id: string) => (id === 'tool' ? id : null),
    load: (id: string) => (id === 'tool' ? code : null),
  };
  const bundle = await rolldown({ input: 'tool', platform: 'browser', cwd: import.meta.dirname, plugins: [entry] });
  const { output } = await bundle.generate({ format: 'es' });
  await bundle.close();
  return output[0].code;
}

it('signs, verifies, seals and opens tokens in an isolate', async () => {
  const clock = { now: () => Date.now(), monotonic: () => performance.now() };
  const pool = createIsolatePool({ clock, settings: { hosts: 1, spares: 1, ahead: 1 } });
  try {
    await pool.ready(20_000);
    const limits = { wall_ms: 20_000, cpu_ms: 15_000, memory_mb: 64, output_bytes: 10_000 };
    const order = { task: 'jose', tenant: 'acme', language: 'js' as const, input: 'null', limits, bindings: null };
    const outcome = await pool.run({ ...order, code: await bundled(TOOL) });
    expect(outcome).toMatchObject({ status: 'completed', error: null });
    expect(JSON.parse(outcome.result as string)).toEqual({
      RS256: 'RS256',
      ES256: 'ES256',
      EdDSA: 'EdDSA',
      jwe: 'sealed',
    });
  } finally {
    await pool.close();
  }
});
