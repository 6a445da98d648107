/**
 * Compiling, testing and trying of DLP rules, in a thread of its own that is started when it is needed and ended when it has
 * not been for a while. A rule that takes for ever costs the thread and nothing else.
 */

import { Worker } from 'node:worker_threads';
import type { AnswerOf } from '../../admin/contract.ts';
import type { RevisionRoots } from '../../control/load-revision.ts';
import { err, ok, type Problem, type Result } from '../../core/result.ts';
import type { RuleFile, RuleSet } from '../../dlp/compiled-rules.ts';
import { portableRules, rulesFrom } from '../../dlp/portable-rules.ts';
import { threadEnvironment } from '../../guard/workers/thread-environment.ts';
import { Channel } from '../channel.ts';
import type { Compiled, RulesDown, RulesUp, TrialOrder } from './rules-talk.ts';

const DEADLINE_MS = 120_000;
const IDLE_MS = 600_000;

interface Live {
  readonly worker: Worker;
  readonly channel: Channel<RulesDown, RulesUp>;
  /** Digest of the rules that it was told are in force. */
  told: string;
  /** What ended it; null while it lives, and where nobody knows. */
  why: string | null;
}

export class RulesThread {
  #live: Live | null = null;
  #idle: NodeJS.Timeout | undefined;
  #last: Promise<unknown> = Promise.resolve();
  readonly #deadlineMs: number;

  constructor(deadlineMs = DEADLINE_MS) {
    this.#deadlineMs = deadlineMs;
  }

  /** One after the other: what is compiled is compared with what is in force when it comes into force. */
  exclusively<T>(act: () => Promise<T>): Promise<T> {
    const next = this.#last.then(act, act);
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** The rules of these directories; what `now` has alike is taken from it. */
  async load(roots: RevisionRoots, now: RuleSet): Promise<Result<RuleSet, Problem[]>> {
    return this.#compiled((live) => live.channel.ask('load', roots), now);
  }

  async compile(files: readonly RuleFile[], now: RuleSet): Promise<Result<RuleSet, Problem[]>> {
    const plain = files.map(({ path, text }) => ({ path, text }));
    return this.#compiled((live) => live.channel.ask('compile', plain), now);
  }

  /** Rules that end the thread, or keep it for too long, are wrong like any others: those in force stay. */
  async #compiled(ask: (live: Live) => Promise<Compiled>, now: RuleSet): Promise<Result<RuleSet, Problem[]>> {
    try {
      return setOf(await this.#asked(ask), now);
    } catch (error) {
      const message = error instanceof Error ? error.message : 'unknown';
      return err([{ file: 'rules', line: 0, column: 0, message }]);
    }
  }

  /** Rejects when it takes too long. */
  try(order: TrialOrder, now: RuleSet): Promise<AnswerOf<'ruleTry'>> {
    return this.#asked((live) => {
      if (live.told !== now.digest) live.channel.tell('inForce', portableRules(now));
      live.told = now.digest;
      return live.channel.ask('try', order);
    });
  }

  close(): void {
    clearTimeout(this.#idle);
    const live = this.#live;
    this.#live = null;
    live?.channel.close();
    void live?.worker.terminate();
  }

  async #asked<T>(ask: (live: Live) => Promise<T>): Promise<T> {
    const live = this.#live ?? this.#start();
    clearTimeout(this.#idle);
    const late = setTimeout(() => {
      live.why = `took longer than ${this.#deadlineMs / 1000} s`;
      this.#end(live);
    }, this.#deadlineMs);
    try {
      return await ask(live);
    } catch (error) {
      if (live.why === null) throw error;
      throw new Error(`compiling the rules ${live.why} and was ended; see which are dear with \`locktender dlp lint\``);
    } finally {
      clearTimeout(late);
      clearTimeout(this.#idle);
      this.#idle = setTimeout(() => this.#end(live), IDLE_MS);
      this.#idle.unref();
    }
  }

  #start(): Live {
    const worker = new Worker(new URL('./rules-worker.ts', import.meta.url), { env: threadEnvironment() });
    worker.unref();
    const channel = new Channel<RulesDown, RulesUp>(worker, { ask: {}, tell: {} });
    const live: Live = { worker, channel, told: '', why: null };
    // Its end is heard. What it says may quote a rule.
    worker.on('error', (error: NodeJS.ErrnoException) => {
      live.why = `failed (${error.code ?? error.name})`;
    });
    worker.once('exit', () => this.#end(live));
    this.#live = live;
    return live;
  }

  /** Whoever waits is told. */
  #end(live: Live): void {
    if (this.#live === live) this.#live = null;
    live.channel.close();
    void live.worker.terminate();
  }
}

function setOf(compiled: Compiled, now: RuleSet): Result<RuleSet, Problem[]> {
  return compiled.ok ? ok(rulesFrom(compiled.value, now)) : err(compiled.error);
}
