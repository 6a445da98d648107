/** What a route of the admin API is. */

import type { z } from 'zod';

export const ROLES = ['viewer', 'operator', 'security', 'auditor', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** `public` routes need no token; the others name who may call them. */
export type Access = 'public' | readonly Role[];

export const EVERYONE: Access = [...ROLES];
export const OPERATE: Access = ['operator', 'security', 'admin'];
export const SECURE: Access = ['security', 'admin'];
export const AUDIT: Access = ['auditor', 'security', 'admin'];
export const ADMIN: Access = ['admin'];

/** How the answer comes: one JSON document, text, lines as they are read, or server-sent events (each `data` one JSON document). */
export type AnswerKind = 'json' | 'text' | 'lines' | 'events';

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path with `{name}` for each parameter. */
  readonly path: string;
  readonly access: Access;
  readonly summary: string;
  readonly answers: AnswerKind;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly body: z.ZodType | null;
  /** What is answered; for `events`, what each one holds. */
  readonly response: z.ZodType;
  /** True when it changes something: recorded as `admin.access`, `If-Match` obeyed. */
  readonly changes: boolean;
}

/** Zod's output is mutable; what handlers give need not be. */
export type Given<T> = T extends readonly (infer Item)[]
  ? readonly Given<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Given<T[Key]> }
    : T;
