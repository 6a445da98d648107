/**
 * Text as agents read it all day, in which nothing is secret or personal: made from hashes of numbers, so that it is the
 * same every time and belongs to nobody.
 */

import { createHash } from 'node:crypto';

/** A stream of values that look random. */
class Made {
  #n: number;
  constructor(seed: number) {
    this.#n = seed * 1000;
  }
  hash(algorithm = 'sha512'): Buffer {
    this.#n += 1;
    return createHash(algorithm).update(`agent traffic ${this.#n}`).digest();
  }
  hex(length: number): string {
    return this.hash().toString('hex').slice(0, length);
  }
  base64(bytes: number): string {
    let out = Buffer.alloc(0);
    while (out.length < bytes) out = Buffer.concat([out, this.hash()]);
    return out.subarray(0, bytes).toString('base64');
  }
  below(limit: number): number {
    return this.hash().readUInt32BE(0) % limit;
  }
  digits(length: number): string {
    return [...this.hash()]
      .map((byte) => byte % 10)
      .join('')
      .slice(0, length);
  }
  uuid(): string {
    const hex = this.hex(32);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  }
  word(): string {
    const words = 'meadow harbour copper lantern violet timber pebble willow saffron marble cinder raven'.split(' ');
    return words[this.below(words.length)] ?? 'meadow';
  }
}

const wrapped = (text: string, width: number): string => text.replace(new RegExp(`(.{${width}})`, 'g'), '$1\n');

/** Each kind by its name; the test says which one raised an alarm. */
export const AGENT_TRAFFIC: Readonly<Record<string, (made: Made) => string>> = {
  'git diff': (m) =>
    `diff --git a/src/${m.word()}.ts b/src/${m.word()}.ts\nindex ${m.hex(10)}..${m.hex(10)} 100644\n--- a/src/x.ts\n+++ b/src/x.ts\n@@ -${m.below(400)},7 +${m.below(400)},9 @@ export class Token {\n-  const key = cache.get(id);\n+  const key = await this.cache.get(\`token:\${id}\`);\n+  if (key === undefined) throw new AuthError('no such token');\n`,
  'git log': (m) =>
    `commit ${m.hex(40)}\nMerge: ${m.hex(7)} ${m.hex(7)}\nDate:   Mon Mar ${1 + m.below(28)} 10:${10 + m.below(50)}:21 2026 +0100\n\n    ${m.word()}: rotate the signing key of the ${m.word()} service\n`,
  'npm lock': (m) =>
    `    "node_modules/${m.word()}-${m.word()}": {\n      "version": "${m.below(20)}.${m.below(50)}.${m.below(50)}",\n      "resolved": "https://registry.npmjs.org/${m.word()}/-/${m.word()}-1.2.3.tgz",\n      "integrity": "sha512-${m.base64(64)}",\n      "engines": { "node": ">=18" }\n    },\n`,
  'yarn lock': (m) =>
    `"@${m.word()}/${m.word()}@npm:^2.0.0":\n  version: 2.${m.below(90)}.1\n  checksum: 10c0/${m.hex(128)}\n  languageName: node\n`,
  'cargo lock': (m) =>
    `[[package]]\nname = "${m.word()}"\nversion = "1.0.${m.below(200)}"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\nchecksum = "${m.hex(64)}"\n`,
  'go.sum': (m) =>
    `github.com/${m.word()}/${m.word()} v1.${m.below(40)}.0 h1:${m.base64(32)}\ngithub.com/${m.word()}/${m.word()} v1.${m.below(40)}.0/go.mod h1:${m.base64(32)}\n`,
  'poetry lock': (m) =>
    `    {file = "${m.word()}-2.${m.below(9)}.0-py3-none-any.whl", hash = "sha256:${m.hex(64)}"},\n`,
  'pip output': (m) =>
    `Collecting ${m.word()}==2.${m.below(30)}.1\n  Downloading ${m.word()}-2.1-cp312-cp312-manylinux_2_17_x86_64.whl (${m.below(900)} kB)\n     ━━━━━━━━━━━━━━━ ${m.below(900)}.1/912.4 kB 12.${m.below(9)} MB/s eta 0:00:00\nSuccessfully installed ${m.word()}-2.1\n`,
  'docker pull': (m) =>
    `${m.hex(12)}: Pull complete\nDigest: sha256:${m.hex(64)}\nStatus: Downloaded newer image for ${m.word()}:1.${m.below(30)}-alpine\n`,
  'stack trace': (m) =>
    `TypeError: Cannot read properties of undefined (reading 'token')\n    at TokenStore.get (/app/dist/${m.word()}.${m.hex(8)}.js:${m.below(900)}:${m.below(90)})\n    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)\n`,
  'python traceback': (m) =>
    `  File "/usr/lib/python3.12/site-packages/${m.word()}/auth.py", line ${m.below(900)}, in get_access_token\n    raise KeyError(key)\nKeyError: 'access_token'\n`,
  'API answer': (m) =>
    `{"object":"list","has_more":${m.below(2) === 1},"next_cursor":"${m.base64(24)}","data":[{"id":"evt_${m.digits(14)}","created":${1_700_000_000 + m.below(90_000_000)},"request":"${m.uuid()}","etag":"W/\\"${m.hex(32)}\\"","amount":${m.below(100_000)},"livemode":false}]}\n`,
  'GraphQL answer': (m) =>
    `{"data":{"node":{"id":"MDQ6VXNlc${m.digits(6)}","databaseId":${m.digits(9)},"oid":"${m.hex(40)}","cursor":"Y3Vyc29yOnYyOpK5${m.hex(4)}"}}}\n`,
  'order numbers': (m) =>
    `Order ${m.digits(10)} (ref ${m.hex(6).toUpperCase()}-${m.digits(4)}), tracking 1Z${m.hex(16).toUpperCase()}, invoice INV-${m.digits(6)}-${m.digits(3)}, SKU ${m.hex(4).toUpperCase()}-${m.digits(5)}\n`,
  timestamps: (m) =>
    `{"ts":${1_700_000_000 + m.below(90_000_000)},"ms":${1_700_000_000_000 + m.below(90_000_000) * 1000 + m.below(1000)},"us":${1_700_000_000_000_000 + m.below(90_000_000) * 1_000_000},"at":"2026-0${1 + m.below(9)}-1${m.below(9)}T1${m.below(9)}:0${m.below(9)}:00.${m.digits(6)}Z"}\n`,
  'snowflake ids': (m) => `{"guild":"1${m.digits(17)}","message_id":"1${m.digits(18)}","tweet":${m.digits(15)}}\n`,
  'access log': (m) =>
    `[${m.uuid()}] "GET /v1/${m.word()}/${m.digits(7)}?page=${m.below(90)}&sort=key HTTP/1.1" 200 ${m.digits(5)} "-" "curl/8.5.0" rt=0.0${m.below(90)} trace=${m.hex(32)} span=${m.hex(16)}\n`,
  metrics: (m) =>
    `http_requests_total{method="POST",code="200",handler="/api/token"} ${m.digits(6)} ${1_700_000_000_000 + m.below(90_000_000)}\n`,
  'SQL dump': (m) =>
    `INSERT INTO ${m.word()} VALUES (${m.digits(7)},'${m.uuid()}','${m.word()} ${m.word()}','2026-01-1${m.below(9)} 10:00:00',${m.below(1000)}.${m.below(90)},NULL,'${m.hex(32)}');\n`,
  CSV: (m) => `${m.digits(6)},${m.word()},${m.below(100)}.${m.below(90)},2026-02-0${1 + m.below(8)},${m.hex(8)}\n`,
  'known hosts': (m) =>
    `|1|${m.base64(20)}|${m.base64(20)} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${m.base64(32).slice(0, 43)}\n`,
  'public key': (m) => `ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC${m.base64(380).replace(/=+$/, '')} ${m.word()}\n`,
  certificate: (m) =>
    `-----BEGIN CERTIFICATE-----\n${wrapped(`MIID${m.base64(720)}`, 64)}\n-----END CERTIFICATE-----\nSHA256 Fingerprint=${(m.hex(64).toUpperCase().match(/../g) ?? []).join(':')}\n`,
  'public key in PEM': (m) =>
    `-----BEGIN PUBLIC KEY-----\n${wrapped(`MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA${m.base64(250)}`, 64)}\n-----END PUBLIC KEY-----\n`,
  HTML: (m) =>
    `<script src="/static/${m.word()}.${m.hex(8)}.js" integrity="sha384-${m.base64(48)}" crossorigin="anonymous" nonce="${m.base64(16)}"></script><input type="password" name="password" id="pw-${m.hex(6)}" placeholder="Your password" autocomplete="current-password">\n`,
  'data URIs': (m) =>
    `.icon-${m.word()} { background: url("data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA${m.base64(300)}"); }\n<svg viewBox="0 0 24 24"><path d="M${m.below(24)}.${m.digits(3)} ${m.below(24)}.${m.digits(3)}c0-1.${m.digits(2)}.${m.digits(2)}-2.1 2-2.1h${m.below(9)}z"/></svg>\n`,
  translations: (m) =>
    `  "password_hint": "Use at least ${8 + m.below(8)} characters", "forgotPassword": "Forgot your password?", "secretQuestion": "Your secret question", "apiKeyHelp": "Find your API key under Settings",\n`,
  'form labels': () =>
    `const labels = { password: 'Password', confirmPassword: 'Confirm password', token: 'Access token', apiKey: 'API key', secret: 'Client secret' };\n`,
  'configuration with references': (m) =>
    `DB_PASSWORD=\${DB_PASSWORD}\napi_key: "{{ vault_${m.word()}_api_key }}"\nsecretKeyRef: { name: ${m.word()}-secrets, key: client-secret }\ntoken = os.environ["${m.word().toUpperCase()}_TOKEN"]\npassword: !vault ${m.word()}/db\nAUTH_TOKEN: \${{ secrets.AUTH_TOKEN }}\n`,
  'example values': () =>
    `export API_KEY=your-api-key-here\ncurl -H "Authorization: Bearer $TOKEN" https://api.example.com/v1\ncurl -u "$USER:$PASS" https://example.com\npassword: changeme\nclient_secret=<your client secret>\npostgres://user:\${PGPASSWORD}@localhost/db\n`,
  'kubectl get': (m) =>
    `${m.word()}-${m.hex(10)}-${m.hex(5)}   1/1   Running   0   ${m.below(30)}d   ${m.word()}-pool-${m.hex(8)}\n`,
  'terraform plan': (m) =>
    `  + resource "aws_kms_key" "${m.word()}" {\n      + arn = "arn:aws:kms:eu-west-1:${m.digits(12)}:key/${m.uuid()}"\n      + key_id = (known after apply)\n      + password = (sensitive value)\n    }\n`,
  'cloud identifiers': (m) =>
    `vpc-0${m.hex(16)} subnet-0${m.hex(16)} ami-0${m.hex(16)} i-0${m.hex(16)} projects/${m.digits(12)}/locations/eu /subscriptions/${m.uuid()}/resourceGroups/${m.word()}\n`,
  OpenAPI: () =>
    `  /token:\n    post:\n      parameters:\n        - { name: client_secret, in: query, schema: { type: string, format: password } }\n      security: [{ bearerAuth: [] }]\n`,
  'type declarations': () =>
    `export interface Credentials { readonly accessToken: string; readonly refreshToken?: string; secretKey: Uint8Array; password: string | null }\nfunction signToken(payload: object, secret: string): Promise<string>;\nconst TOKEN_URL = 'https://login.example.com/oauth2/v2.0/token';\n`,
  'source maps': (m) =>
    `{"version":3,"file":"${m.word()}.min.js","mappings":"AAAA,SAASA,EAAEC,GAAG,OAAOA,CAAC,CAAC,IAAIC,EAAE,${m.below(9)},SAASC,${m.hex(4).toUpperCase()}","names":["token","key"]}\n`,
  'minified code': (m) =>
    `!function(e,t){"object"==typeof exports?module.exports=t():e.${m.word()}=t()}(this,function(){var n=${m.digits(9)},r="${m.hex(8)}";return{key:n,token:r,a:0x${m.hex(8)}}});\n`,
  'wire dumps': (m) => `00000${m.below(9)}0: ${(m.hex(32).match(/.{4}/g) ?? []).join(' ')}  ................\n`,
  'phone-like and card-like': (m) =>
    `batch ${m.digits(4)}-${m.digits(4)}, part ${m.digits(3)}.${m.digits(3)}.${m.digits(2)}, lot ${m.digits(8)}, firmware ${m.below(9)}.${m.digits(2)}.${m.digits(4)}, grid ${m.digits(2)}-${m.digits(3)}-${m.digits(2)}\n`,
};

/** All kinds, some of each. */
export function agentTraffic(rounds: number): { readonly kind: string; readonly text: string }[] {
  return Object.entries(AGENT_TRAFFIC).map(([kind, make], i) => {
    const made = new Made(i + 1);
    return { kind, text: Array.from({ length: rounds }, () => make(made)).join('') };
  });
}
