/**
 * The second stage: asks another inspector about spans that the rules are not sure of. Spans that wait while all calls
 * are out go together into the next one. INVARIANT: whatever is not answered in time is what its rule says of failures.
 */

import type { Verdict } from '../../core/finding.ts';
import type { Later } from '../later.ts';
import { AnswerCache } from './answer-cache.ts';
import { Breaker } from './breaker.ts';
import { DailyBudget } from './daily-budget.ts';
import { DoubtBook, type Doubts, type Inquiry, type Question, type SecondStageRule } from './doubts.ts';
import type { InspectAnswer, Inspector } from './inspector.ts';
import { takeBatch } from './take-batch.ts';

export interface SecondStageSettings {
  readonly rules: readonly SecondStageRule[];
  readonly deadlineMs: number;
  readonly concurrency: number;
  readonly batch: { readonly items: number; readonly bytes: number };
  readonly breaker: { readonly failures: number; readonly pauseMs: number };
  readonly dailyBytes: number;
  readonly cache: { readonly most: number; readonly ttlMs: number };
}

export interface SecondStagePorts {
  readonly inspector: Inspector;
  /** Key of the digests by which answers are kept. */
  readonly key: Uint8Array;
  readonly now: () => number;
  /** Calls back once; returns what calls it off. */
  readonly after: (ms: number, then: () => void) => () => void;
  /** What became of a span. */
  readonly note: (outcome: InspectAnswer | 'cached') => void;
}

interface Waiting extends Question {
  readonly deadline: number;
  readonly answered: Promise<InspectAnswer>;
  readonly settle: (answer: InspectAnswer) => void;
}

/** Spans that may wait for a call at once. */
const MOST_WAITING = 10_000;
/** Of a verdict: whether there was anything to ask about. */
export type Said = Pick<Verdict, 'second_stage'>;

/** What one body is not sure of, to be asked about when it was scanned. */
export interface Asker extends Doubts {
  /** Whether anything was confirmed. */
  ask(): Promise<boolean>;
  readonly said: Said;
}

/** Distinct spans of one body that are asked about; the rest count as not answered. */
const MOST_OF_ONE = 1000;

export class SecondStage implements Inquiry {
  readonly #settings: SecondStageSettings;
  readonly #ports: SecondStagePorts;
  readonly #breaker: Breaker;
  readonly #budget: DailyBudget;
  readonly #cache: AnswerCache;
  readonly #queue: Waiting[] = [];
  readonly #pending = new Map<string, Waiting>();
  #running = 0;

  constructor(settings: SecondStageSettings, ports: SecondStagePorts) {
    this.#settings = settings;
    this.#ports = ports;
    this.#breaker = new Breaker(settings.breaker);
    this.#budget = new DailyBudget(settings.dailyBytes);
    this.#cache = new AnswerCache(settings.cache);
  }

  /** Scans; asks about what was uncertain; scans again where something of it was confirmed. */
  async look<T>(scan: (doubts: Doubts) => Later<T>): Promise<{ readonly looked: T; readonly said: Said }> {
    const doubts = this.begin();
    const first = await scan(doubts);
    const looked = (await doubts.ask()) ? await scan(doubts) : first;
    return { looked, said: doubts.said };
  }

  get rules(): readonly SecondStageRule[] {
    return this.#settings.rules;
  }

  get key(): Uint8Array {
    return this.#ports.key;
  }

  begin(): Asker {
    const book = new DoubtBook({ rules: this.rules, key: this.key, confirmed: [] });
    let isAsked = false;
    return {
      get said(): Said {
        return book.questions().length === 0 ? {} : { second_stage: isAsked ? 'asked' : 'not_asked' };
      },
      isConfirmed: (suspect) => book.isConfirmed(suspect),
      portable: () => book.portable(),
      take: (questions) => book.take(questions),
      ask: async () => {
        isAsked = true;
        book.confirm(await this.confirmed(book.questions()));
        return book.isAnyConfirmed;
      },
    };
  }

  async confirmed(questions: readonly Question[]): Promise<readonly string[]> {
    const asked = questions.map(async (question, i) => {
      const answer = i < MOST_OF_ONE ? await this.#answer(question) : 'unknown';
      const failsClosed = answer === 'unknown' && question.rule.failure === 'closed';
      return answer === 'confirmed' || failsClosed ? [question.digest] : [];
    });
    return (await Promise.all(asked)).flat();
  }

  async #answer(question: Question): Promise<InspectAnswer> {
    const { now, after, note } = this.#ports;
    const known = this.#cache.get(question.digest, now());
    if (known !== undefined) {
      note('cached');
      return known ? 'confirmed' : 'clear';
    }
    const waiting = this.#pending.get(question.digest) ?? this.#enqueue(question);
    if (!waiting) {
      note('unknown');
      return 'unknown';
    }
    let callOff = () => {};
    const late = new Promise<InspectAnswer>((resolve) => {
      callOff = after(this.#settings.deadlineMs, () => resolve('unknown'));
    });
    const answer = await Promise.race([waiting.answered, late]);
    callOff();
    note(answer);
    return answer;
  }

  #enqueue(question: Question): Waiting | null {
    const { batch, deadlineMs } = this.#settings;
    if (question.bytes > batch.bytes || this.#queue.length >= MOST_WAITING) return null;
    const { promise, resolve } = Promise.withResolvers<InspectAnswer>();
    const settle = (answer: InspectAnswer) => {
      this.#pending.delete(question.digest);
      if (answer !== 'unknown') this.#cache.set(question.digest, answer === 'confirmed', this.#ports.now());
      resolve(answer);
    };
    const waiting = { ...question, deadline: this.#ports.now() + deadlineMs, answered: promise, settle };
    this.#pending.set(question.digest, waiting);
    this.#queue.push(waiting);
    // All of one body is there before the first call goes out.
    queueMicrotask(() => this.#pump());
    return waiting;
  }

  #pump(): void {
    const { concurrency, batch } = this.#settings;
    while (this.#queue.length > 0 && this.#running < concurrency) {
      const now = this.#ports.now();
      const taken = takeBatch(this.#queue, batch);
      const affordable = taken.filter(({ deadline }) => deadline > now);
      const isAllowed = affordable.length > 0 && this.#breaker.allows(now);
      const sent = isAllowed ? affordable.filter(({ bytes }) => this.#budget.take(bytes, now)) : [];
      for (const one of taken) if (!sent.includes(one)) one.settle('unknown');
      if (sent.length > 0) void this.#send(sent);
      else if (isAllowed) this.#breaker.released();
    }
  }

  async #send(items: readonly Waiting[]): Promise<void> {
    const { inspector, now, after } = this.#ports;
    const deadline = Math.min(...items.map((item) => item.deadline));
    this.#running += 1;
    let callOff = () => {};
    const late = new Promise<never>((_, reject) => {
      callOff = after(deadline - now(), () => reject(new Error('no answer in time')));
    });
    try {
      const call = inspector.inspect(
        items.map(({ value, rule }) => ({ value, types: rule.types })),
        deadline,
      );
      const answers = await Promise.race([call, late]);
      this.#breaker.succeeded();
      items.forEach((item, i) => {
        item.settle(answers[i] ?? 'unknown');
      });
    } catch {
      this.#breaker.failed(now());
      for (const item of items) item.settle('unknown');
    } finally {
      callOff();
      this.#running -= 1;
      this.#pump();
    }
  }
}
