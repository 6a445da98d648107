import { createHash, X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { javaTrustStore, TRUST_STORE_PASSWORD } from './java-trust-store.ts';

const NOW = Date.UTC(2026, 0, 1);
const three = rootCertificates.slice(0, 3);

/** Reads the store as `JavaKeyStore.engineLoad` does. */
function read(store: Buffer): { aliases: string[]; certificates: Buffer[]; rest: Buffer } {
  let at = 0;
  const int = () => {
    at += 4;
    return store.readUInt32BE(at - 4);
  };
  const utf = () => {
    const length = store.readUInt16BE(at);
    at += 2 + length;
    return store.toString('latin1', at - length, at);
  };
  expect(int()).toBe(0xfeedfeed);
  expect(int()).toBe(2);
  const aliases: string[] = [];
  const certificates: Buffer[] = [];
  for (let left = int(); left > 0; left--) {
    expect(int()).toBe(2);
    aliases.push(utf());
    expect(Number(store.readBigUInt64BE(at))).toBe(NOW);
    at += 8;
    expect(utf()).toBe('X.509');
    const length = int();
    certificates.push(store.subarray(at, at + length));
    at += length;
  }
  return { aliases, certificates, rest: store.subarray(at) };
}

describe('a Java trust store', () => {
  it('holds every certificate under a name of its own', () => {
    const { aliases, certificates } = read(javaTrustStore(three.join('\n'), NOW));
    expect(aliases).toEqual(['ca-0', 'ca-1', 'ca-2']);
    expect(certificates).toEqual(three.map((pem) => new X509Certificate(pem).raw));
  });

  it('ends with the digest that Java checks against the password', () => {
    const store = javaTrustStore(three.join('\n'), NOW);
    const password = Buffer.from([...TRUST_STORE_PASSWORD].flatMap((letter) => [0, letter.charCodeAt(0)]));
    const digest = createHash('sha1')
      .update(password)
      .update('Mighty Aphrodite')
      .update(store.subarray(0, -20))
      .digest();
    expect(read(store).rest).toEqual(digest);
  });

  it('leaves out what is no certificate, since Java would refuse the whole store', () => {
    const pem = `-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n${three[0]}`;
    expect(read(javaTrustStore(pem, NOW)).certificates).toHaveLength(1);
  });
});
