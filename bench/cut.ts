/**
 * Blocking a category, or a tenant's quarantine, under load: 1,000 live flows of four kinds, half of them ended by it.
 * `bin/node24 node bench/cut.ts [block|quarantine] [flows]` prints JSON; times in milliseconds.
 */

import { ACTS, type Act, cutScenario } from './cut/scenario.ts';

const [act = 'block', count = '1000'] = process.argv.slice(2);
const flows = Number(count);
if (!Object.hasOwn(ACTS, act)) throw new Error(`\`${act}\` is none of ${Object.keys(ACTS).join(', ')}`);
if (!Number.isInteger(flows / 8) || flows < 8) throw new Error('the number of flows must be a multiple of eight');
process.stdout.write(`${JSON.stringify(await cutScenario(act as Act, flows), null, 2)}\n`);
