/** What a page is: it fills a place, and may go on until it is left. */

import type { AnswerOf, RouteId } from '../admin/contract.ts';

export type Me = AnswerOf<'me'>;

export interface PageContext {
  /** Where the page is; once it is left, nowhere: an answer that comes late is not drawn over the page that followed. */
  readonly place: HTMLElement;
  /** Ends when the page is left: streams and timers hang on it. */
  readonly signal: AbortSignal;
  /** Query of the address: the whole state of a page is in its address. */
  readonly query: URLSearchParams;
  /** Changes the query without leaving the page. */
  readonly setQuery: (name: string, value: string) => void;
  readonly me: Me;
  /** Whether the role of who looks may call a route; the appliance decides it again. */
  readonly may: (route: RouteId) => boolean;
}

export interface Page {
  readonly path: string;
  readonly title: string;
  /** Heading of the navigation that it stands under. */
  readonly group: 'Watch' | 'Control' | 'Author' | 'Administer' | '';
  /** Key that opens it, after `g`. */
  readonly key: string;
  /** Route without which it shows nothing; who may not call it does not see the page. */
  readonly needs?: RouteId;
  readonly show: (context: PageContext) => Promise<void> | void;
  /** What the keys `p` and `/` and the like do there. */
  readonly keys?: Readonly<Record<string, () => void>>;
}
