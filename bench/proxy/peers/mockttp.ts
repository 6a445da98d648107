/** mockttp as a proxy that looks into everything but the opaque tunnel. Arguments: directory of its package, CA of the origins, port. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TUNNEL_HOST } from '../world.ts';

interface Mockttp {
  generateCACertificate(options: { bits: number }): Promise<{ readonly key: string; readonly cert: string }>;
  getLocal(options: object): {
    forAnyRequest(): { thenPassThrough(options: object): Promise<unknown> };
    start(port: number): Promise<void>;
  };
}

const [modules = '', originCa = '', dir = '', port = '0'] = process.argv.slice(2);
const { generateCACertificate, getLocal } = (await import(
  pathToFileURL(join(modules, 'node_modules/mockttp/dist/main.js')).href
)) as Mockttp;
const https = await generateCACertificate({ bits: 2048 });
const server = getLocal({
  https: { ...https, tlsPassthrough: [{ hostname: TUNNEL_HOST }] },
  // It keeps every request otherwise.
  recordTraffic: false,
});
await server.forAnyRequest().thenPassThrough({ additionalTrustedCAs: [{ certPath: originCa }] });
await server.start(Number(port));
const ca = join(dir, `mockttp-${port}.pem`);
writeFileSync(ca, https.cert);
process.stdout.write(`${JSON.stringify({ ca })}\n`);
