/**
 * Blocking a category under load: 1,000 live flows of four kinds, half of them in it.
 * `bin/node24 node bench/cut.ts [flows]` prints JSON; times in milliseconds.
 */

import { cutScenario } from './cut/scenario.ts';

const flows = Number(process.argv[2] ?? 1000);
if (!Number.isInteger(flows / 8) || flows < 8) throw new Error('the number of flows must be a multiple of eight');
process.stdout.write(`${JSON.stringify(await cutScenario(flows), null, 2)}\n`);
