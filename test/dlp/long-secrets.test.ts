/** Secrets longer than most, with one escape at either end: all of the secret is found, not a part of it (T-35). */

import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { rootsOf } from '../../src/control/load-revision.ts';
import { loadRules } from '../../src/control/load-rules.ts';
import { scanLayers } from '../../src/dlp/scan-layers.ts';

const config = loadConfig({ file: null, text: null, env: {}, flags: {}, cwd: process.cwd() });
if (!config.ok) throw new Error('the default configuration does not load');
const rules = loadRules(rootsOf(config.value));
if (!rules.ok) throw new Error(rules.error[0]?.message);
const set = rules.value;

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 4096,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const PADDING = 'x '.repeat(20_000);

it.each([
  ['at its beginning', privateKey.trim().replace('BEGIN PRIVATE', 'BEGIN\\u0020PRIVATE')],
  ['at its end', privateKey.trim().replace('END PRIVATE', 'END%20PRIVATE')],
])('T-35 a private key with an escape %s is found whole', (_where, key) => {
  const found = scanLayers(Buffer.from(`${PADDING}${key}${PADDING}`), set);
  const end = PADDING.length + key.length;
  expect(found.some((one) => one.start <= PADDING.length && one.end >= end)).toBe(true);
});
