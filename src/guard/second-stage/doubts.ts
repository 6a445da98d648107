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
  /** Nobody is asked about this body: each span is what its rule says of failures. */
  readonly isUnasked?: boolean;
}

export interface Doubts {
  /** Notes it as uncertain unless it is confirmed. */
  isConfirmed(suspect: Suspect): boolean;
  portable(): PortableDoubts;
  /** Notes what was uncertain elsewhere. */
  take(questions: readonly Question[]): void;
}

/** The second stage as filters see it, in whatever thread it is. */
export interface Inquiry {
  readonly rules: readonly SecondStageRule[];
  readonly key: Uint8Array;
  /** Digests of those that are to be acted on. */
  confirmed(questions: readonly Question[]): Promise<readonly string[]>;
}

export class DoubtBook implements Doubts {
  readonly #rules: readonly SecondStageRule[];
  readonly #key: Uint8Array;
  readonly #confirmed: Set<string>;
  readonly #isUnasked: boolean;
  readonly #questions = new Map<string, Question>();

  constructor({ rules, key, confirmed, isUnasked }: PortableDoubts) {
    this.#isUnasked = isUnasked === true;
    this.#rules = rules;
    this.#key = key;
    this.#confirmed = new Set(confirmed);
  }

  isConfirmed(suspect: Suspect): boolean {
    const question = this.#questionOf(suspect);
    if (!question) return false;
    if (this.#confirmed.has(question.digest)) return true;
    this.take([question]);
    return this.#isUnasked && question.rule.failure === 'closed';
  }

  portable(): PortableDoubts {
    const confirmed = [...this.#confirmed];
    return { rules: this.#rules, key: this.#key, confirmed, isUnasked: this.#isUnasked };
  }

  take(questions: readonly Question[]): void {
    // That there is one is all that is said of a body of which nothing is asked; it may have no end.
    if (this.#isUnasked && this.#questions.size > 0) return;
    for (const question of questions) this.#questions.set(question.digest, question);
  }

  questions(): readonly Question[] {
    return [...this.#questions.values()];
  }

  confirm(digests: readonly string[]): void {
    for (const digest of digests) this.#confirmed.add(digest);
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
