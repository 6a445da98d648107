/**
 * Nobody could look at a body: too many wait, it took too long, or the thread that looked has ended. Whoever holds the body
 * lets nothing more of it go on.
 */
export class GuardUnavailable extends Error {
  /** `busy`: too many wait. `deadline`: it took too long. `lost`: the thread ended. `failed`: an error of ours. */
  override readonly cause: 'busy' | 'deadline' | 'lost' | 'failed' | 'closed';

  constructor(cause: GuardUnavailable['cause']) {
    super(`the guard could not look at the body: ${cause}`);
    this.name = 'GuardUnavailable';
    this.cause = cause;
  }
}
