import { generateKeyPairSync, verify } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSigningKeys } from './signing-keys.ts';

const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'keys-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('signing keys', () => {
  it('makes them once, 0600, a different one for each purpose', () => {
    const keys = openSigningKeys(dir);
    expect(statSync(join(dir, 'pass-1.key')).mode & 0o777).toBe(0o600);
    expect(keys.current('pass').id).not.toBe(keys.current('checkpoint').id);
    expect(openSigningKeys(dir).current('pass').id).toBe(keys.current('pass').id);
    expect(openSigningKeys(dir).secret('vault')).toEqual(keys.secret('vault'));
  });

  it('signs with the newest after a rotation and still verifies with the old one', () => {
    const keys = openSigningKeys(dir);
    const old = keys.current('pass');
    const signature = old.sign(Buffer.from('m'));
    const fresh = keys.rotate('pass');
    expect(keys.current('pass').id).toBe(fresh.id);
    expect(keys.all('pass').some((k) => verify(null, Buffer.from('m'), k.publicKey, signature))).toBe(true);
    expect(openSigningKeys(dir).current('pass').id).toBe(fresh.id);
  });

  it('rotates to a new key where an older one was taken away', () => {
    openSigningKeys(dir).rotate('checkpoint');
    rmSync(join(dir, 'checkpoint-1.key'));
    const keys = openSigningKeys(dir);
    const before = keys.current('checkpoint').id;
    expect(keys.rotate('checkpoint').id).not.toBe(before);
    expect(openSigningKeys(dir).all('checkpoint')).toHaveLength(2);
  });

  it.each([
    ['pass-1.key', 'half of a k', /`.*pass-1\.key` holds no private key; restore it from a backup/],
    ['pass-1.key', RSA, /`.*pass-1\.key` holds no Ed25519 key; restore it from a backup/],
    ['vault.secret', 'c2hvcnQ=', /`.*vault\.secret` holds no 32 bytes; restore it from a backup/],
    ['vault.secret', '', /`.*vault\.secret` holds no 32 bytes/],
  ])('says which file is wrong where %s is broken, and signs nothing with it', (name, content, said) => {
    openSigningKeys(dir).secret('vault');
    writeFileSync(join(dir, name), content);
    expect(() => openSigningKeys(dir).secret('vault')).toThrow(said);
  });

  it('refuses a key that others can read', () => {
    openSigningKeys(dir);
    chmodSync(join(dir, 'pass-1.key'), 0o644);
    expect(() => openSigningKeys(dir)).toThrow(/can be read by others/);
  });
});
