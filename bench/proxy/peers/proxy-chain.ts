/** proxy-chain as it is: no password, no record. Arguments: directory of its package, port. */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

interface ProxyChain {
  readonly Server: new (options: object) => { listen(): Promise<void> };
}

const [modules = '', port = '0'] = process.argv.slice(2);
const { Server } = (await import(
  pathToFileURL(join(modules, 'node_modules/proxy-chain/dist/index.js')).href
)) as ProxyChain;
await new Server({ host: '127.0.0.1', port: Number(port) }).listen();
process.stdout.write('ready\n');
