/** How many streams each token holds open: every one costs work for every event. */

export interface OpenStreams {
  /** False when the token holds as many as it may. */
  open(id: string): boolean;
  closed(id: string): void;
}

/** Tabs of a browser, and a few programs. */
const MOST_OF_A_TOKEN = 32;

export function openStreams(most = MOST_OF_A_TOKEN): OpenStreams {
  const held = new Map<string, number>();
  return {
    open: (id) => {
      const now = held.get(id) ?? 0;
      if (now >= most) return false;
      held.set(id, now + 1);
      return true;
    },
    closed: (id) => {
      const left = (held.get(id) ?? 1) - 1;
      if (left <= 0) held.delete(id);
      else held.set(id, left);
    },
  };
}
