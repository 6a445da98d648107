/** Holds the pass of a sandbox outside of it, and gets the next one before it ends: the sandbox itself never has one. */

export interface KeptPass {
  /** `<task>:<token>`, in base64, as `Proxy-Authorization: Basic` carries it. */
  readonly credentials: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface PassKeeperParts {
  readonly issue: () => Promise<KeptPass>;
  readonly now: () => number;
  /** A renewal failed; the old pass stays until it ends, then the gate denies. Said once an outage. */
  readonly report: (message: string) => void;
}

/** A pass is renewed when a fifth of its life is left; a renewal that failed is tried again after this. */
const RETRY_MS = 5000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class PassKeeper {
  readonly #parts: PassKeeperParts;
  #pass: KeptPass;
  #timer: NodeJS.Timeout | null = null;
  #failing = false;

  private constructor(parts: PassKeeperParts, pass: KeptPass) {
    this.#parts = parts;
    this.#pass = pass;
    this.#renewIn(this.#fourFifths());
  }

  /** Rejects when the first pass is refused. */
  static async start(parts: PassKeeperParts): Promise<PassKeeper> {
    return new PassKeeper(parts, await parts.issue());
  }

  credentials(): string {
    return this.#pass.credentials;
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #fourFifths(): number {
    return Math.max(RETRY_MS / 5, (this.#pass.expiresAt - this.#parts.now()) * 0.8);
  }

  #renewIn(ms: number): void {
    this.#timer = setTimeout(() => void this.#renew(), Math.min(ms, LONGEST_TIMER_MS));
    this.#timer.unref();
  }

  async #renew(): Promise<void> {
    try {
      this.#pass = await this.#parts.issue();
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.#parts.report(error instanceof Error ? error.message : 'failed');
      this.#failing = true;
    }
    if (this.#timer !== null) this.#renewIn(this.#failing ? RETRY_MS : this.#fourFifths());
  }
}

/** `<task>:<token>` of a proxy URL, in base64. */
export function credentialsOf(proxyUrl: string): string {
  const { username, password } = new URL(proxyUrl);
  return Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
}
