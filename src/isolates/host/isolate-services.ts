/** What one isolate asks of its host process: answered at once, as a job on another thread, or handed to the supervisor. */

import { HostJobs, type JobReply } from './host-jobs.ts';
import { Decoders, digest, encodingName, hmac, parseUrl, random, setUrl } from './host-services.ts';
import { LIMITS } from './protocol.ts';
import { subtleCall } from './subtle-call.ts';
import { readPattern, readPatternInput } from './url-patterns.ts';
import { ZipStreams } from './zip-streams.ts';

interface ServiceEvents {
  /** For the supervisor, which answers by the number. */
  call(call: number, json: string, bytes: Uint8Array | undefined): void;
  log(level: string, text: string): void;
  /** A job is done. */
  answer(call: number, reply: JobReply): void;
}

export class IsolateServices {
  readonly #events: ServiceEvents;
  readonly #decoders = new Decoders();
  readonly #jobs = new HostJobs();
  readonly #zips = new ZipStreams();
  #spentMs = 0;
  #logs = 0;
  #calls = 0;

  constructor(events: ServiceEvents) {
    this.#events = events;
  }

  /** INVARIANT: never throws, returns only copied plain data. */
  serve([op, a, b, c]: readonly unknown[]): unknown {
    const from = process.threadCpuUsage();
    try {
      return this.#service(String(op), a, b, c);
    } catch {
      return null;
    } finally {
      const { user, system } = process.threadCpuUsage(from);
      this.#spentMs += (user + system) / 1000;
    }
  }

  /** The supervisor answered a call. */
  answered(): void {
    this.#calls -= 1;
  }

  /** CPU time that was taken here, outside of the isolate's own thread. */
  spentMs(): number {
    return this.#spentMs + this.#jobs.spentMs();
  }

  /** Nothing more is begun. What runs on another thread cannot be stopped: gives when it is over, null when nothing does. */
  endJobs(): Promise<void> | null {
    return this.#jobs.end();
  }

  end(): void {
    void this.#jobs.end();
    this.#zips.end();
  }

  #service(op: string, a: unknown, b: unknown, c: unknown): unknown {
    switch (op) {
      case 'call':
        return this.#call(a, b, c);
      case 'crypto':
        return this.#job(a, c, (bytes) => subtleCall(String(b), bytes));
      case 'zip':
        return this.#job(a, c, (bytes) => this.#zips.step(String(b), bytes));
      case 'zip-close':
        return this.#zips.close(Number(a));
      case 'url':
        return parseUrl(String(a), typeof b === 'string' ? b : null);
      case 'url-set':
        return setUrl(String(a), String(b), String(c));
      case 'pattern':
        return readPattern(String(a));
      case 'pattern-input':
        return readPatternInput(String(a));
      case 'digest':
        return digest(String(a), view(b));
      case 'hmac':
        return hmac(String(a), view(b), view(c));
      case 'encoding':
        return encodingName(String(a));
      case 'decoder':
        return this.#decoders.open(String(a), b === true);
      case 'decode':
        return this.#decoders.decode(Number(a), b === null ? null : view(b));
      case 'random':
        return random(Number(a));
      case 'log':
        return this.#log(String(a), String(b));
      default:
        return null;
    }
  }

  #call(call: unknown, json: unknown, bytes: unknown): boolean {
    if (this.#calls >= LIMITS.callsInFlight || typeof call !== 'number' || typeof json !== 'string') return false;
    // Throws where no frame holds it: then it waits for nothing.
    this.#events.call(call >>> 0, json, bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : undefined);
    this.#calls += 1;
    return true;
  }

  #job(call: unknown, given: unknown, work: (bytes: Uint8Array) => Promise<JobReply>): boolean {
    if (typeof call !== 'number') return false;
    const bytes = view(given);
    const answer = (reply: JobReply) => this.#events.answer(call, reply);
    return this.#jobs.add({ size: bytes.length, run: () => work(bytes), answer });
  }

  #log(level: string, text: string): boolean {
    this.#logs += 1;
    if (this.#logs > LIMITS.logLines) return false;
    this.#events.log(level.slice(0, 10), text.slice(0, LIMITS.logLine));
    return true;
  }
}

function view(value: unknown): Uint8Array {
  return value instanceof ArrayBuffer ? new Uint8Array(value) : new Uint8Array(0);
}
