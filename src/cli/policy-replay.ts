/**
 * `locktender policy replay`: straight from the log of the state directory, with or without an appliance on it, so that what
 * serves is not held up; only an appliance that is named (`--admin`) is asked to do it itself.
 */

import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { loadPolicy, rootsOf } from '../control/load-revision.ts';
import { replayLog } from '../control/replay-log.ts';
import type { Controls } from '../core/controls.ts';
import type { Bundle } from '../policy/bundle/bundle.ts';
import { supposedControls } from '../policy/controls/supposed-controls.ts';
import type { ReplayReport } from '../policy/trials/replay.ts';
import { openBundleStore } from '../store/bundle-store.ts';
import { adminClient } from './admin-client.ts';
import { CliFailure, type CliIo, type CommonOptions, EXIT, must } from './context.ts';
import { configOf } from './given-config.ts';
import { type CliParts, durationMs, leaf } from './leaf.ts';
import { printJson, printTable } from './print.ts';
import { hasLog } from './recorded-events.ts';

interface ReplayOptions extends CommonOptions {
  readonly since: string;
  readonly bundle?: string;
  readonly controls?: readonly string[];
  readonly maxDifferences?: string;
}

export function addReplay(policy: Command, parts: CliParts): void {
  leaf<ReplayOptions>(policy, 'replay', parts, {
    summary: 'decides recorded decisions again: under the bundle of then, or under a candidate',
    declare: (command) => {
      command
        .option('--since <duration>', 'how far back', '30d')
        .option('--bundle <dir>', 'rules directory of a candidate')
        .option(
          '--controls <action=name...>',
          'supposed on top of those of then, for example `category.block=gambling`',
        )
        .option('--max-differences <n>', 'exit 1 when the candidate would change more than so many decisions');
    },
    run: async (_, options, { io }) => {
      const allowed = differencesAllowed(options);
      const report = await reported(options, io);
      if (options.json) printJson(io, report);
      else print(report, io);
      return report.differences > allowed ? EXIT.failed : EXIT.done;
    },
  });
}

/** Groups that are listed. */
const MOST = 1000;

async function reported(options: ReplayOptions, io: CliIo): Promise<ReplayReport> {
  const { state } = configOf(options, io);
  const named = options.admin ?? io.env['LOCKTENDER_ADMIN'];
  if (named === undefined && hasLog(state)) return fromLog(state, options, io);
  const bundle = options.bundle === undefined ? null : resolve(io.cwd, options.bundle);
  const body = { since_ms: sinceMsOf(options), bundle, controls: [...(options.controls ?? [])] };
  return adminClient(options, io).call('policyReplay', { body });
}

async function fromLog(state: string, options: ReplayOptions, io: CliIo): Promise<ReplayReport> {
  const { candidate, suppose } = supposed(options, io);
  const bundles = openBundleStore(join(state, 'bundles'));
  const since = Date.now() - sinceMsOf(options);
  const order = { dir: join(state, 'audit'), size: Number.POSITIVE_INFINITY, bundles, candidate, suppose, since };
  const report = await replayLog({ ...order, progress: progressTo(io) });
  return { ...report, groups: report.groups.slice(0, MOST) };
}

function supposed(options: ReplayOptions, io: CliIo) {
  const roots = rootsOf(configOf(options, io));
  const load = (rules: readonly string[]): Bundle => must(loadPolicy({ ...roots, rules })).bundle;
  const candidate = options.bundle === undefined ? null : load([resolve(io.cwd, options.bundle)]);
  const controls = options.controls ?? [];
  let suppose: ((then: Controls) => Controls) | null = null;
  if (controls.length > 0) {
    const how = supposedControls(controls, candidate ?? load(roots.rules));
    if (!how.ok) throw new CliFailure(EXIT.usage, how.error);
    suppose = how.value;
  }
  return { candidate, suppose };
}

/** A line on stderr every two seconds, so that a long replay is seen to go on. */
function progressTo(io: CliIo): (done: number, of: number) => void {
  const begin = performance.now();
  let said = begin;
  return (done, of) => {
    const now = performance.now();
    if (now - said < 2000) return;
    said = now;
    const rate = Math.round(done / ((now - begin) / 1000));
    const part = Number.isFinite(of) && of > 0 ? ` of ${of} (${Math.floor((done / of) * 100)} %)` : '';
    io.stderr(`replay: ${done}${part} entries, ${rate} a second\n`);
  };
}

function print(report: ReplayReport, io: CliIo): void {
  const { outside, truncated } = report;
  io.stdout(`${report.decisions} decisions, ${report.differences} differences\n`);
  if (outside > 0) io.stdout(`${outside} refusals that policy was not asked about\n`);
  if (truncated > 0) io.stdout(`${truncated} records that were shortened and cannot be decided again\n`);
  const rows = report.groups.map((g) => [g.count, g.before, g.after, g.tenant, g.profile, g.host, g.example]);
  if (rows.length > 0) printTable(io, ['COUNT', 'BEFORE', 'AFTER', 'TENANT', 'PROFILE', 'HOST', 'EXAMPLE'], rows);
}

function sinceMsOf({ since }: ReplayOptions): number {
  const ms = durationMs(since) ?? 0;
  if (ms >= 1000) return ms;
  throw new CliFailure(EXIT.usage, `\`${since}\` is not a duration; write for example \`30d\``);
}

/** Under the bundle of then nothing may differ; a candidate is meant to, as far as was said. */
function differencesAllowed({ bundle, controls, maxDifferences: most }: ReplayOptions): number {
  if (most === undefined) return bundle === undefined && controls === undefined ? 0 : Number.POSITIVE_INFINITY;
  if (/^[0-9]{1,9}$/.test(most)) return Number(most);
  throw new CliFailure(EXIT.usage, `\`${most}\` is not a number of decisions; write for example \`0\``);
}
