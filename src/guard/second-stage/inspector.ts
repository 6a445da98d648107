/** Who is asked. */

export interface InspectItem {
  /** The uncertain span itself, decoded; nothing of what stands around it. */
  readonly value: string;
  /** Names of the types that it may be, as the inspector calls them. */
  readonly types: readonly string[];
}

/** `unknown`: not answered, such as a span behind the place where the findings were cut off. */
export type InspectAnswer = 'confirmed' | 'clear' | 'unknown';

export interface Inspector {
  /** One answer an item, in order. Rejects when there is none. `deadline` is in epoch milliseconds. */
  inspect(items: readonly InspectItem[], deadline: number): Promise<readonly InspectAnswer[]>;
}
