/** Makes a route with what most routes share left out. */

import { z } from 'zod';
import type { Access, AnswerKind, Route } from './route.ts';

const NOTHING = z.object({});

interface Rest<P, Q, B, A> {
  readonly summary: string;
  readonly response: A;
  readonly answers?: AnswerKind;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly changes?: boolean;
}

export function make<
  A extends z.ZodType,
  P extends z.ZodObject = typeof NOTHING,
  Q extends z.ZodObject = typeof NOTHING,
  B extends z.ZodType | null = null,
>(method: Route['method'], path: string, access: Access, rest: Rest<P, Q, B, A>) {
  return {
    method,
    path,
    access,
    summary: rest.summary,
    answers: rest.answers ?? ('json' as AnswerKind),
    params: (rest.params ?? NOTHING) as P,
    query: (rest.query ?? NOTHING) as Q,
    body: (rest.body ?? null) as B,
    response: rest.response,
    changes: rest.changes ?? false,
  };
}
