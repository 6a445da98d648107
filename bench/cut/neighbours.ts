/**
 * Requests of the side that is not cut, in a process of their own: the client that sees hundreds of its connections end has
 * its hands full, and its waits are not the gate's.
 */

import { requestLoop, type Way } from './flows.ts';

const CONNECTIONS = 4;

const way = JSON.parse(process.argv[2] ?? '') as Way;
let done = false;
process.once('message', () => {
  done = true;
});
const loops = Array.from({ length: CONNECTIONS }, () => requestLoop(way, () => done));
process.stdout.write('"begun"\n');
const requests = (await Promise.all(loops)).flat().map(({ at, ms }) => ({ at: performance.timeOrigin + at, ms }));
process.send?.(requests);
process.disconnect();
