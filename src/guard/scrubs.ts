/** Values that may not come back, and what is put in the place of each. */

export type Scrubs = readonly (readonly [found: Buffer, put: string])[];
