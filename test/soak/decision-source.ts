/**
 * Real decisions, cheaply: an origin and the clients of a sandbox in one process of its own. Most requests are allowed
 * and share connections; one in forty is denied, on a connection of its own, since a denial closes it.
 *
 * Arguments: the pass as `task:token`, port of the gate, decisions a second. Prints how many were answered, each second.
 */

import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const [pass = '', gate = '0', rate = '1000'] = process.argv.slice(2);
const ORIGIN = 18_081;
const LANES = 256;
const HOSTS = 200;
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n';
const LOGIN = Buffer.from(pass).toString('base64');

const began = performance.now();
let [asked, answered] = [0, 0];

createServer((socket) => {
  socket.on('error', () => undefined);
  let held = '';
  socket.on('data', (piece) => {
    held += piece.toString('latin1');
    const heads = held.split('\r\n\r\n');
    held = heads.pop() ?? '';
    if (heads.length > 0) socket.write(ANSWER.repeat(heads.length));
  });
}).listen(ORIGIN, '127.0.0.1');

const headOf = (host: string, path: string): string =>
  `GET http://${host}${path} HTTP/1.1\r\nhost: ${host}\r\nproxy-authorization: Basic ${LOGIN}\r\n\r\n`;

/** Resolves when the answer begins, which for a body this small is when it is there. */
function exchange(socket: Socket, head: string): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (whole: boolean) => {
      socket.off('data', arrived).off('close', gone);
      resolve(whole);
    };
    const arrived = () => end(true);
    const gone = () => end(false);
    socket.once('data', arrived).once('close', gone);
    socket.write(head);
  });
}

const open = (): Socket => connect(Number(gate), '127.0.0.1').on('error', () => undefined);

async function lane(): Promise<void> {
  let kept = open();
  for (;;) {
    const due = ((performance.now() - began) / 1000) * Number(rate);
    if (asked >= due) {
      await sleep(4);
      continue;
    }
    asked += 1;
    const n = asked;
    const denied = n % 40 === 0;
    const socket = denied ? open() : kept;
    const host = denied ? `h${n % 7}.nobody.example` : `www.load${n % HOSTS}.test:${ORIGIN}`;
    if (await exchange(socket, headOf(host, `/p${n}`))) answered += 1;
    if (denied) socket.destroy();
    else if (socket.destroyed) kept = open();
  }
}

for (let i = 0; i < LANES; i += 1) void lane();
setInterval(() => process.stdout.write(`${answered}\n`), 1000);
