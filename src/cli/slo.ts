/** `locktender slo`: the service levels over a window, as a table, as JSON or as a report to send round. */

import type { Command } from 'commander';
import { didYouMean } from '../core/nearest.ts';
import { adminClient } from './admin-client.ts';
import { CliFailure, EXIT } from './context.ts';
import { type CliParts, durationMs, leaf } from './leaf.ts';
import { printJson, printTable } from './print.ts';
import { htmlReport, markdownReport, standing } from './slo-report.ts';

const REPORTS = { md: markdownReport, html: htmlReport } as const;
const MINUTE_MS = 60_000;

export function addSlo(program: Command, parts: CliParts): void {
  leaf<{ window: string; report?: string }>(program, 'slo', parts, {
    summary: 'the service levels over a window; exit 1 when one is missed',
    declare: (command) => {
      command
        .option('--window <duration>', 'how far back, for example `90m` or `7d`', '7d')
        .option('--report <format>', 'prints a report instead: `md` or `html`');
    },
    run: async (_, options, { io }) => {
      const minutes = Math.ceil((durationMs(options.window) ?? 0) / MINUTE_MS);
      if (minutes < 1)
        throw new CliFailure(EXIT.usage, `\`${options.window}\` is not a duration; write for example \`7d\``);
      const report = reportOf(options.report);
      const answer = await adminClient(options, io).call('slo', { query: { minutes } });
      if (report !== null) io.stdout(report(answer));
      else if (options.json) printJson(io, answer);
      else {
        const rows = answer.levels.map((l) => [
          l.of === null ? l.name : `${l.name} (${l.of})`,
          l.objective,
          l.measured,
          l.unit,
          l.samples,
          l.source,
          standing(l),
        ]);
        printTable(io, ['LEVEL', 'OBJECTIVE', 'MEASURED', 'UNIT', 'SAMPLES', 'SOURCE', 'STATE'], rows);
      }
      return answer.levels.some((l) => l.met === false) ? EXIT.failed : EXIT.done;
    },
  });
}

function reportOf(format: string | undefined): (typeof REPORTS)[keyof typeof REPORTS] | null {
  if (format === undefined) return null;
  if (format === 'md' || format === 'html') return REPORTS[format];
  throw new CliFailure(
    EXIT.usage,
    `report format \`${format}\` is not known; ${didYouMean(format, Object.keys(REPORTS))}`,
  );
}
