/** What a page is: it fills a place, and may go on until it is left. */

export interface PageContext {
  readonly place: HTMLElement;
  /** Ends when the page is left: streams and timers hang on it. */
  readonly signal: AbortSignal;
  /** Query of the address: the whole state of a page is in its address. */
  readonly query: URLSearchParams;
  /** Changes the query without leaving the page. */
  readonly setQuery: (name: string, value: string) => void;
}

export interface Page {
  readonly path: string;
  readonly title: string;
  /** Key that opens it, after `g`. */
  readonly key: string;
  readonly show: (context: PageContext) => Promise<void> | void;
  /** What the keys `p`, `j`, `k` and `/` do there. */
  readonly keys?: Readonly<Record<string, () => void>>;
}
