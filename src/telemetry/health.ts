/** Health: is this process alive, and should it get work? Answers of `/healthz` and `/readyz`. */

export interface HealthCheck {
  readonly name: string;
  /** Null when fine, else one clause that says what is wrong. */
  readonly check: () => string | null;
}

export interface HealthReport {
  readonly ok: boolean;
  readonly checks: Readonly<Record<string, string>>;
}

/** Runs every check; one that throws counts as failed, without its message (it may hold anything). */
export function healthReport(checks: readonly HealthCheck[]): HealthReport {
  const results = checks.map(({ name, check }) => [name, outcome(check)] as const);
  return {
    ok: results.every(([, problem]) => problem === null),
    checks: Object.fromEntries(results.map(([name, problem]) => [name, problem ?? 'ok'])),
  };
}

function outcome(check: () => string | null): string | null {
  try {
    return check();
  } catch {
    return 'the check itself failed';
  }
}
