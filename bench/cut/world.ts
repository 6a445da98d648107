/** What gate, origins and clients of the cut agree on. */

export const KINDS = ['tunnel', 'inspected', 'websocket', 'sse'] as const;
export type Kind = (typeof KINDS)[number];

/** `lost` is the side that is blocked. */
export const CATEGORY_OF = { lost: 'news', kept: 'documentation' } as const;
export type Side = keyof typeof CATEGORY_OF;

export const hostOf = (kind: Kind, side: Side): string => `${kind}.${side}.bench.test`;
export const ALL_HOSTS: readonly string[] = KINDS.flatMap((kind) => [hostOf(kind, 'lost'), hostOf(kind, 'kept')]);

/** How often each flow gets bytes. */
export const TICK_MS = 1000;
