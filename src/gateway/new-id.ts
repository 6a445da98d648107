/** New ids at this edge. */

import { randomFillSync } from 'node:crypto';
import { idMaker } from '../core/ids.ts';

/** A new id: prefix and epoch ms. */
export const newId = idMaker(randomFillSync);
