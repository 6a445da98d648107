/** What a door gives `forward` of one HTTP exchange. */

import type { Reply } from '../doors/reply.ts';
import type { HeaderList } from '../exchange.ts';

export interface Forwarding {
  readonly headers: HeaderList;
  readonly body: AsyncIterable<Uint8Array> | null;
  readonly reply: Reply;
  /** The client speaks h2, so the origin is offered it. */
  readonly h2: boolean;
  /** Tells the client to send its body, when it waits for that. */
  readonly proceed: () => void;
}
