/** Commands that need an appliance and may start one of their own: `exec`, `doctor`. */

import { existsSync } from 'node:fs';
import { type AdminClient, adminClient, doorsFile } from './admin-client.ts';
import { type CliContext, CliFailure, type CommonOptions, EXIT } from './context.ts';
import { configOf } from './given-config.ts';

/**
 * Gives `use` the running appliance, or one for just this command where none runs. An address that the user named is
 * never replaced: it answers or the command ends 3.
 */
export async function withAppliance<T>(
  options: CommonOptions,
  { io, appliance }: CliContext,
  use: (client: AdminClient) => Promise<T>,
  demo = false,
): Promise<T> {
  const named = options.admin ?? io.env['LOCKTENDER_ADMIN'];
  if (named !== undefined) return use(adminClient(options, io));
  const running = adminClient(options, io);
  if (existsSync(doorsFile(running.state)) && (await answers(running.doors.admin))) return use(running);
  const brief = await appliance.brief(configOf(options, io), demo).catch((error: unknown) => {
    const cause = error instanceof Error ? error.message : 'unknown';
    throw new CliFailure(EXIT.unreachable, `no appliance runs here, and none could be started: ${cause}`);
  });
  try {
    return await use(adminClient({ ...options, state: brief.state }, io));
  } finally {
    await brief.stop();
  }
}

async function answers(admin: string): Promise<boolean> {
  const response = await fetch(`${admin}/healthz`, { signal: AbortSignal.timeout(2000) }).catch(() => null);
  return response?.ok === true;
}
