/** Where a connection goes, after the check of its addresses. */

import type { Host } from '../../core/host.ts';

export interface Route {
  readonly host: Host;
  readonly port: number;
  /** Addresses that passed the check of the exchange that dials. */
  readonly addresses: readonly string[];
}
