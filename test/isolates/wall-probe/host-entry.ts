/** Runs behind the wall in the place of the isolate host: what could whoever escaped V8 reach? Says so and ends. */

import { readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { createServer, Socket } from 'node:net';

const CHANNEL = 3;

function outcome(run: () => unknown): string {
  try {
    return `ok ${JSON.stringify(run())}`;
  } catch (error) {
    return String((error as { code?: unknown }).code ?? error);
  }
}

function connecting(port: number, host: string): Promise<string> {
  return new Promise((resolve) => {
    try {
      const socket = new Socket();
      socket.once('connect', () => resolve('ok'));
      socket.once('error', (error) => resolve(String((error as { code?: unknown }).code)));
      socket.connect(port, host);
    } catch (error) {
      resolve(String((error as { code?: unknown }).code ?? error));
    }
  });
}

function listening(): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(String((error as { code?: unknown }).code)));
    server.listen(0, '127.0.0.1', () => resolve('ok'));
  });
}

const port = Number(process.argv.at(-1)) || 9;
const seen = {
  root: outcome(() => readdirSync('/').sort()),
  passwd: outcome(() => readFileSync('/etc/passwd', 'utf8').length),
  proc: outcome(() => readdirSync('/proc').length),
  written: outcome(() => writeFileSync('/tmp/x', 'x')),
  uid: process.getuid?.(),
  pid: process.pid,
  environment: Object.keys(process.env).sort(),
  connect: await connecting(port, '127.0.0.1'),
  outside: await connecting(80, '192.0.2.1'),
  listen: await listening(),
};
writeSync(CHANNEL, `${JSON.stringify(seen)}\n`);
process.exit(0);
