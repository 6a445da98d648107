/** Web Cryptography inside an isolate, as a table like that of `runtime-cases.ts`; known answers are those of the standards. */

const HELP = `const s = crypto.subtle; const text = (t) => new TextEncoder().encode(t); const hex = (b) => [...new Uint8Array(b)].map((x) => x.toString(16).padStart(2, '0')).join('');
const bytes = (h) => Uint8Array.from(h.match(/../g) ?? [], (x) => parseInt(x, 16)); const fault = async (p) => { try { await p; return 'nothing'; } catch (e) { return e.name; } };`;
const RSA = 'modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1])';

const cases: readonly (readonly [string, string, unknown])[] = [
  [
    'AES-GCM: test case 4 of its specification',
    `const k = await s.importKey('raw', bytes('feffe9928665731c6d6a8f9467308308'), 'AES-GCM', false, ['encrypt', 'decrypt']);
     const with_ = { name: 'AES-GCM', iv: bytes('cafebabefacedbaddecaf888'), additionalData: bytes('feedfacedeadbeeffeedfacedeadbeefabaddad2') };
     const plain = 'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39';
     const sealed = await s.encrypt(with_, k, bytes(plain)); const broken = new Uint8Array(sealed.slice(0)); broken[0] ^= 1;
     return [hex(sealed).slice(-32), hex(await s.decrypt(with_, k, sealed)) === plain, await fault(s.decrypt(with_, k, broken))];`,
    ['5bc94fbc3221a5db94fae95ae7121a47', true, 'OperationError'],
  ],
  [
    'AES in its other modes, there and back',
    `const out = []; for (const a of [{ name: 'AES-CBC', iv: new Uint8Array(16) }, { name: 'AES-CTR', counter: new Uint8Array(16), length: 64 }]) {
       const k = await s.generateKey({ name: a.name, length: 256 }, true, ['encrypt', 'decrypt']);
       out.push(k.algorithm.length, new TextDecoder().decode(await s.decrypt(a, k, await s.encrypt(a, k, text('hello'))))); } return out;`,
    [256, 'hello', 256, 'hello'],
  ],
  [
    'PBKDF2 and HKDF: RFC 6070 and RFC 5869',
    `const p = await s.importKey('raw', text('password'), 'PBKDF2', false, ['deriveBits']);
     const h = await s.importKey('raw', bytes('0b'.repeat(22)), 'HKDF', false, ['deriveBits']);
     return [hex(await s.deriveBits({ name: 'PBKDF2', salt: text('salt'), iterations: 2, hash: 'SHA-1' }, p, 160)),
       hex(await s.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: bytes('000102030405060708090a0b0c'), info: bytes('f0f1f2f3f4f5f6f7f8f9') }, h, 336)).slice(0, 16)];`,
    ['ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957', '3cb25f25faacd57a'],
  ],
  [
    'Ed25519: RFC 8032, test 1',
    `const jwk = { kty: 'OKP', crv: 'Ed25519', d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
     const k = await s.importKey('jwk', jwk, 'Ed25519', false, ['sign']); return hex(await s.sign('Ed25519', k, new Uint8Array(0))).slice(0, 32);`,
    'e5564300c360ac729086e2cc806e828a',
  ],
  [
    'ECDSA on each curve, with keys out and in again',
    `const out = []; for (const [namedCurve, hash] of [['P-256', 'SHA-256'], ['P-384', 'SHA-384'], ['P-521', 'SHA-512']]) {
       const a = { name: 'ECDSA', namedCurve, hash }; const { privateKey, publicKey } = await s.generateKey(a, true, ['sign', 'verify']);
       const jwk = await s.exportKey('jwk', publicKey); const again = await s.importKey('jwk', jwk, a, true, ['verify']);
       const made = await s.sign(a, privateKey, text('x')); out.push([made.byteLength, await s.verify(a, again, made, text('x')), await s.verify(a, again, made, text('y')), privateKey.usages.join()]); } return out;`,
    [
      [64, true, false, 'sign'],
      [96, true, false, 'sign'],
      [132, true, false, 'sign'],
    ],
  ],
  [
    'RSA: signs in both ways, and seals',
    `const pair = await s.generateKey({ name: 'RSASSA-PKCS1-v1_5', ${RSA}, hash: 'SHA-256' }, true, ['sign', 'verify']);
     const der = await s.exportKey('pkcs8', pair.privateKey); const out = [[...pair.publicKey.algorithm.publicExponent].join()];
     for (const name of ['RSASSA-PKCS1-v1_5', 'RSA-PSS']) { const a = { name, hash: 'SHA-256', saltLength: 32 };
       const key = await s.importKey('pkcs8', der, a, false, ['sign']); const open = await s.importKey('spki', await s.exportKey('spki', pair.publicKey), a, true, ['verify']);
       out.push(await s.verify(a, open, await s.sign(a, key, text('x')), text('x'))); }
     const oaep = { name: 'RSA-OAEP', hash: 'SHA-1' }; const key = await s.importKey('pkcs8', der, oaep, false, ['decrypt']);
     const open = await s.importKey('spki', await s.exportKey('spki', pair.publicKey), oaep, true, ['encrypt']);
     return [...out, new TextDecoder().decode(await s.decrypt(oaep, key, await s.encrypt(oaep, open, text('sealed'))))];`,
    ['1,0,1', true, true, 'sealed'],
  ],
  [
    'agrees on secrets, and makes keys of them',
    `const out = []; for (const a of [{ name: 'ECDH', namedCurve: 'P-256' }, { name: 'X25519' }]) {
       const [one, two] = [await s.generateKey(a, false, ['deriveBits', 'deriveKey']), await s.generateKey(a, false, ['deriveBits', 'deriveKey'])];
       const bits = await s.deriveBits({ name: a.name, public: two.publicKey }, one.privateKey, 256);
       const key = await s.deriveKey({ name: a.name, public: one.publicKey }, two.privateKey, { name: 'AES-GCM', length: 256 }, true, ['encrypt']);
       out.push(hex(bits) === hex(await s.exportKey('raw', key)), await fault(s.exportKey('pkcs8', one.privateKey))); } return out;`,
    [true, 'InvalidAccessError', true, 'InvalidAccessError'],
  ],
  [
    'wraps a key and takes it out again',
    `const by = await s.generateKey({ name: 'AES-KW', length: 128 }, false, ['wrapKey', 'unwrapKey']); const k = await s.generateKey({ name: 'HMAC', hash: 'SHA-256' }, true, ['sign']);
     const again = await s.unwrapKey('raw', await s.wrapKey('raw', k, by, 'AES-KW'), by, 'AES-KW', { name: 'HMAC', hash: 'SHA-256' }, true, ['sign']);
     return hex(await s.sign('HMAC', k, text('x'))) === hex(await s.sign('HMAC', again, text('x')));`,
    true,
  ],
  [
    'a key says what it was made as, whatever is written over what it shows',
    `const k = await s.importKey('raw', new Uint8Array(32), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
     const same = [k.algorithm === k.algorithm, k.usages === k.usages]; k.algorithm.hash.name = 'SHA-1'; k.usages.push('verify');
     return [...same, (await s.sign('HMAC', k, text(''))).byteLength, await fault(s.verify('HMAC', k, new Uint8Array(32), text(''))), await fault(s.exportKey('raw', k)), String(k)];`,
    [true, true, 32, 'InvalidAccessError', 'InvalidAccessError', '[object CryptoKey]'],
  ],
  [
    'a key is cloned, and another object',
    `const k = await s.importKey('raw', text('k'), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']); const c = structuredClone({ k }).k;
     return [c !== k, c instanceof CryptoKey, c.extractable, hex(await s.sign('HMAC', k, text('x'))) === hex(await s.sign('HMAC', c, text('x')))];`,
    [true, true, false, true],
  ],
  [
    'refuses by the names of the standard',
    `const k = await s.importKey('raw', new Uint8Array(16), 'AES-CBC', false, ['encrypt']); return [await fault(s.encrypt({ name: 'AES-CBC', iv: new Uint8Array(3) }, k, text(''))), await fault(s.encrypt({ name: 'AES-CBC' }, k, text(''))),
      await fault(s.importKey('raw', new Uint8Array(5), 'AES-CBC', false, ['encrypt'])), await fault(s.generateKey('Argon2id', true, ['sign'])), await fault(s.generateKey({ name: 'AES-GCM', length: 128 }, true, [])), await fault(s.sign('HMAC', {}, text(''))), await fault(s.exportKey('raw'))];`,
    ['OperationError', 'TypeError', 'DataError', 'NotSupportedError', 'SyntaxError', 'TypeError', 'TypeError'],
  ],
  [
    'T-60 refuses what would keep a thread busy',
    `const p = await s.importKey('raw', text('p'), 'PBKDF2', false, ['deriveBits', 'deriveKey']); const by = (iterations) => ({ name: 'PBKDF2', salt: text('s'), iterations, hash: 'SHA-512' });
     return [await fault(s.deriveBits(by(2 ** 32 - 1), p, 256)), await fault(s.deriveBits(by(1), p, 2 ** 31)), await fault(s.deriveKey(by(3000000), p, { name: 'HMAC', hash: 'SHA-512', length: 4096 }, true, ['sign'])),
       await fault(s.generateKey({ name: 'RSA-PSS', modulusLength: 16384, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }, true, ['sign'])),
       await fault(s.generateKey({ name: 'RSA-PSS', modulusLength: 2048, publicExponent: new Uint8Array([255, 255, 255, 255, 255, 255, 255, 1]), hash: 'SHA-256' }, true, ['sign']))];`,
    ['OperationError', 'OperationError', 'OperationError', 'OperationError', 'OperationError'],
  ],
];

export const CRYPTO_CASES: Readonly<Record<string, readonly (readonly [string, string, unknown])[]>> = {
  'web cryptography': cases.map(([name, body, expected]) => [name, `${HELP}\n${body}`, expected] as const),
};
