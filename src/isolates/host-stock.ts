/**
 * The host processes: some kept ready without a tenant, the others each bound to one. A host serves one tenant only,
 * ever; it goes after so many tasks, when its memory grew, when it was idle, or when a task had to be ended by force.
 */

import type { HostEvents, HostLoss, HostOptions } from './host-process.ts';
import { HostProcess } from './host-process.ts';

export interface StockSettings {
  /** Most host processes at once. */
  readonly hosts: number;
  /** Tasks at once in one host. */
  readonly slots: number;
  /** Hosts kept ready without a tenant. */
  readonly spares: number;
  readonly tasksPerHost: number;
  /** Growth beyond what it had when it was ready, after which a host is replaced, MB. */
  readonly growthMb: number;
  readonly idleMs: number;
}

interface StockOptions {
  readonly settings: StockSettings;
  readonly host: HostOptions;
  readonly events: HostEvents;
  readonly now: () => number;
}

type RecycleCause = HostLoss | 'tasks' | 'growth' | 'idle' | 'tenant' | 'forced';

const MB = 1024 * 1024;
/** After this many starts in a row that never became ready, a start waits. */
const FAILURES_ALLOWED = 3;
const RETRY_MS = 1000;
/** For about so long after a task a host would be late for another one: it destroys that task's isolate and boots the next. */
const REST_MS = 8;
/** What a tenant has beside its first host, and left alone for so long, goes where a spare is wanted. */
const LENT_MS = 5000;

export class HostStock {
  readonly recycled = new Map<RecycleCause, number>();
  readonly #options: StockOptions;
  readonly #hosts = new Set<HostProcess>();
  #failures = 0;
  #retryAt = 0;
  #closed = false;

  constructor(options: StockOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#hosts.size;
  }

  get spares(): number {
    return this.#count((h) => h.tenant === null);
  }

  get anyReady(): boolean {
    return this.#count((h) => h.isReady && !h.retiring) > 0;
  }

  get failing(): boolean {
    return this.#failures >= FAILURES_ALLOWED;
  }

  /** A host with room for a task of this tenant, or null; then one may be on its way. */
  take(tenant: string): HostProcess | null {
    const own = this.#best((h) => h.tenant === tenant && this.#hasRoom(h));
    const host = own === null || this.#needsAnother(own) ? (this.#grow(tenant) ?? own) : own;
    if (own === null) this.#yieldFurther(tenant);
    return host;
  }

  /**
   * What a flood takes, it takes from itself first: of its hosts one that still takes tasks does not yield. One more for tasks that
   * follow each other closely is no flood.
   */
  #yieldFurther(tenant: string): void {
    const all = this.#of(tenant);
    const going = all.filter(({ retiring }) => retiring);
    const serving = all.filter(({ retiring }) => !retiring);
    for (const further of [...serving, ...going].slice(1)) further.yieldTo();
  }

  #grow(tenant: string): HostProcess | null {
    if (!this.#mayGrow(tenant)) return null;
    const spare = this.#best(isSpare);
    if (spare === null) {
      this.#makeRoomFor(tenant);
      return null;
    }
    spare.tenant = tenant;
    this.refill();
    return spare;
  }

  /** Whether a task that begins in this host is alone among its tenant's, and comes a while after the last. */
  isCalm(host: HostProcess): boolean {
    return this.#of(host.tenant).every((own) => own.slots.size === 0 && this.#restLeft(own) === 0);
  }

  /** Its tenant's tasks follow each other too closely for one host, and nobody else would miss one more: two take turns. */
  #needsAnother(own: HostProcess): boolean {
    return this.#restLeft(own) > 0 && this.#of(own.tenant).length === 1 && this.#count(isSpare) > 1;
  }

  #restLeft(host: HostProcess): number {
    return Math.max(0, host.idleSince + REST_MS - this.#options.now());
  }

  /** Starts spares up to the number wanted. */
  refill(): void {
    const { hosts, spares } = this.#options.settings;
    while (this.spares < spares && this.#hosts.size < hosts && this.#mayStart()) this.#start();
  }

  /** A task left: recycles its host when it is time. */
  left(host: HostProcess): void {
    const { tasksPerHost, growthMb } = this.#options.settings;
    if (host.served >= tasksPerHost) host.retiring = true;
    if (host.slots.size > 0) return;
    if (host.retiring) this.#retire(host, host.served >= tasksPerHost ? 'tasks' : 'forced');
    else if (host.grownBytes() > growthMb * MB) this.#retire(host, 'growth');
  }

  /** Ends hosts that no task used for a while. */
  sweep(): void {
    const { hosts, spares, idleMs } = this.#options.settings;
    for (const host of [...this.#hosts]) if (this.#idleFor(idleMs, host)) this.#retire(host, 'idle');
    if (this.spares < spares && this.#hosts.size >= hosts) {
      const lent = [...this.#hosts].find((host) => this.#idleFor(LENT_MS, host) && this.#isFurther(host));
      if (lent) this.#retire(lent, 'tenant');
    }
    this.refill();
  }

  #idleFor(ms: number, host: HostProcess): boolean {
    return host.tenant !== null && host.slots.size === 0 && host.idleSince < this.#options.now() - ms;
  }

  readied(): void {
    this.#failures = 0;
  }

  forget(host: HostProcess, cause: HostLoss): void {
    if (!this.#hosts.delete(host)) return;
    if (cause !== 'ended') this.#note(cause);
    if (!host.isReady && !this.#closed) {
      this.#failures += 1;
      if (this.failing) this.#retryAt = this.#options.now() + RETRY_MS;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#hosts];
    for (const host of all) host.kill();
    await Promise.all(all.map((host) => host.exited));
  }

  #hasRoom(host: HostProcess): boolean {
    return host.isReady && !host.retiring && host.slots.size < this.#options.settings.slots;
  }

  /** One tenant may have all hosts but one, so that another never waits for it to finish. */
  #mayGrow(tenant: string): boolean {
    const { hosts } = this.#options.settings;
    return this.#of(tenant).length < Math.max(1, hosts - 1);
  }

  /** What another tenant has beside its first host goes before anybody's only one. */
  #makeRoomFor(tenant: string): void {
    if (this.#count((h) => h.tenant === null) > 0) return;
    if (this.#hosts.size >= this.#options.settings.hosts) {
      const idle = [...this.#hosts].filter((h) => h.tenant !== tenant && h.slots.size === 0);
      const further = idle.filter((h) => this.#isFurther(h));
      const [oldest] = (further.length > 0 ? further : idle).sort((a, b) => a.idleSince - b.idleSince);
      if (oldest === undefined) return;
      this.#retire(oldest, 'tenant');
    }
    if (this.#mayStart()) this.#start();
  }

  #mayStart(): boolean {
    return !this.#closed && (!this.failing || this.#options.now() >= this.#retryAt);
  }

  #start(): void {
    if (this.failing) this.#retryAt = this.#options.now() + RETRY_MS;
    this.#hosts.add(new HostProcess(this.#options.host, this.#options.events));
  }

  #retire(host: HostProcess, cause: RecycleCause): void {
    if (!this.#hosts.delete(host)) return;
    this.#note(cause);
    host.kill();
  }

  #note(cause: RecycleCause): void {
    this.recycled.set(cause, (this.recycled.get(cause) ?? 0) + 1);
  }

  /** The one with the fewest tasks; of those the one that rested longest, as long as it matters. */
  #best(fits: (host: HostProcess) => boolean): HostProcess | null {
    const rank = (host: HostProcess) => host.slots.size * REST_MS + this.#restLeft(host);
    let best: HostProcess | null = null;
    for (const host of this.#hosts) {
      if (fits(host) && (best === null || rank(host) < rank(best))) best = host;
    }
    return best;
  }

  /** In the order in which they were started. */
  #of(tenant: string | null): HostProcess[] {
    return [...this.#hosts].filter((host) => host.tenant === tenant);
  }

  /** Its tenant has another that was started before. */
  #isFurther(host: HostProcess): boolean {
    return this.#of(host.tenant)[0] !== host;
  }

  #count(of: (host: HostProcess) => boolean): number {
    let count = 0;
    for (const host of this.#hosts) if (of(host)) count += 1;
    return count;
  }
}

const isSpare = (host: HostProcess): boolean => host.tenant === null && host.isReady;
