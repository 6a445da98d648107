import { z } from 'zod';

/** A text that people are to read: a name of an owner, a description. At most `most` characters, and not blank. */
export const words = (most: number) => z.string().max(most).regex(/\S/, 'must say something; it is blank');
