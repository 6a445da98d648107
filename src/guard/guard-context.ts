/** What the guard must know of what it scans. */

import type { GuardDirection } from '../core/finding.ts';
import type { Scrubs } from './scrubs.ts';
import type { Doubts } from './second-stage/doubts.ts';
import type { GuardSettings } from './settings.ts';

export interface GuardContext {
  readonly direction: GuardDirection;
  readonly settings: GuardSettings;
  readonly tenant: string;
  readonly task: string;
  /** Where it goes to or comes from; empty for none. */
  readonly host: string;
  readonly contentType: string;
  readonly contentEncoding: string;
  /** Values that went out with the request and may not come back; absent for none. */
  readonly scrubs?: Scrubs | (() => Scrubs);
  /** A body that is compressed and does not say so is decoded as well; what leaves always is. */
  readonly sniff?: boolean;
  /** Name of the tool whose result this is; absent for none. */
  readonly tool?: string;
  /** Its length is known ahead. */
  readonly isSized?: boolean;
  /** Nothing of it is waited with: nobody is asked about uncertain spans. */
  readonly isLive?: boolean;
  /** What takes the place of a stretch has as many line ends as it had: somebody counts them. */
  readonly keepsLines?: boolean;
  /** At a pause every whole line goes on, whatever may come behind it. */
  readonly letsLinesGo?: boolean;
  /** Where uncertain spans are noted for the second stage; absent where nobody is asked. */
  readonly doubts?: Doubts;
}
