/** Values that a caller chose freely, as JSON. */

import { z } from 'zod';
import { JsonText } from '../core/json-order.ts';

/** A value in an order: its text as it was sent, since to make values of it holds up everybody. */
export const jsonText = z.custom((value) => value instanceof JsonText) as z.ZodType<JsonText, z.core.util.JSONType>;

/** A value in an answer. */
export const anyJson = z.custom<z.core.util.JSONType>();
