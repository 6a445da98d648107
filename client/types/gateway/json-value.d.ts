/** Values that a caller chose freely, as JSON: what fits, and how one stood in the text it came in. */
import { z } from 'zod';
/**
 * Any JSON value. What `JSON.parse` made is JSON already: only what it cannot give back is looked for, since a schema
 * that is followed into every value holds up everybody (half a second for five megabytes).
 */
export declare const anyJson: z.ZodCustom<z.core.util.JSONType, z.core.util.JSONType>;
/**
 * The text of one member of an object, character by character as it was sent: numbers keep their digits. `text` is a
 * JSON object; of members that share the name it is the last, as `JSON.parse` has it.
 */
export declare function memberText(text: string, name: string): string | null;
