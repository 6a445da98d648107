/** What one body is not sure of, and what of it is confirmed. */

import { createHmac } from 'node:crypto';
import type { Likelihood } from '../../core/finding.ts';

export interface SecondStageRule {
  /** Rule id or info type whose uncertain spans may be sent. */
  readonly match: string;
  /** What the inspector calls it. */
  readonly types: readonly string[];
  /** Without an answer: `open` leaves it alone, `closed` acts as if it was confirmed. */
  readonly failure: 'open' | 'closed';
}

export interface Suspect {
  readonly rule: { readonly id: string; readonly info_type: string };
  readonly secret: Uint8Array;
  readonly likelihood: Likelihood;
}

export interface Question {
  readonly digest: string;
  readonly value: string;
  readonly bytes: number;
  readonly rule: SecondStageRule;
}

/** As another thread takes it. */
export interface PortableDoubts {
  readonly rules: readonly SecondStageRule[];
  /** Key of the digests by which answers are kept. */
  readonly key: Uint8Array;
  /** Digests. */
  readonly confirmed: readonly string[];
}

export interface Doubts {
  /** Notes it as uncertain unless it is confirmed. */
  isConfirmed(suspect: Suspect): boolean;
  portable(): PortableDoubts;
  /** Notes what was uncertain elsewhere. */
  take(questions: readonly Question[]): void;
}

export class DoubtBook implements Doubts {
  readonly #rules: readonly SecondStageRule[];
  readonly #key: Uint8Array;
  readonly #confirmed: Set<string>;
  readonly #questions = new Map<string, Question>();

  constructor({ rules, key, confirmed }: PortableDoubts) {
    this.#rules = rules;
    this.#key = key;
    this.#confirmed = new Set(confirmed);
  }

  isConfirmed(suspect: Suspect): boolean {
    const question = this.#questionOf(suspect);
    if (!question) return false;
    if (this.#confirmed.has(question.digest)) return true;
    this.#questions.set(question.digest, question);
    return false;
  }

  portable(): PortableDoubts {
    return { rules: this.#rules, key: this.#key, confirmed: [...this.#confirmed] };
  }

  take(questions: readonly Question[]): void {
    for (const question of questions) this.#questions.set(question.digest, question);
  }

  questions(): readonly Question[] {
    return [...this.#questions.values()];
  }

  confirm({ digest }: Question): void {
    this.#confirmed.add(digest);
  }

  get isAnyConfirmed(): boolean {
    return this.#confirmed.size > 0;
  }

  #questionOf({ rule, secret, likelihood }: Suspect): Question | null {
    if (likelihood !== 'POSSIBLE' && likelihood !== 'UNLIKELY') return null;
    const named = this.#rules.find(({ match }) => match === rule.id || match === rule.info_type);
    if (!named) return null;
    const digest = createHmac('sha256', this.#key).update(`${named.match}\0`).update(secret).digest('base64');
    return { digest, value: Buffer.from(secret).toString('utf8'), bytes: secret.length, rule: named };
  }
}
