/** The service levels as a page: Markdown for a ticket, HTML that stands alone for mail. */

import type { AnswerOf } from '../admin/contract.ts';
import { instant } from './print.ts';

type Answer = AnswerOf<'slo'>;
type Level = Answer['levels'][number];

const HEADINGS = ['Level', 'Objective', 'Measured', 'Samples', 'Source', 'State'] as const;
const SECTIONS = [
  { title: 'Isolates and tool calls', names: /^(isolate|tool_call|forced)/ },
  { title: 'Decisions', names: /^(denied|unclassified|decision)/ },
  { title: 'Controls', names: /^(cut|flows)/ },
  { title: 'Guard', names: /^guard/ },
  { title: 'Record', names: /^log/ },
] as const;

/** `met`, `MISSED`, or why neither can be said. */
export function standing({ met, objective, samples, measured }: Level): string {
  if (met !== null) return met ? 'met' : 'MISSED';
  if (measured === null || samples === 0) return 'no data';
  return objective === '-' ? 'no objective' : 'too few samples';
}

export function markdownReport(answer: Answer): string {
  const parts = [`# Service levels\n\n${windowOf(answer)}\n\n${summaryOf(answer)}\n`];
  for (const { title, levels } of sectionsOf(answer)) {
    const line = (cells: readonly string[]) => `| ${cells.map(markdownCell).join(' | ')} |\n`;
    parts.push(`\n## ${title}\n\n`, line(HEADINGS), line(HEADINGS.map(() => '---')), ...levels.map(rowOf).map(line));
  }
  return parts.join('');
}

export function htmlReport(answer: Answer): string {
  const table = (levels: readonly Level[]) =>
    `<table><tr>${HEADINGS.map((h) => `<th>${h}</th>`).join('')}</tr>\n${levels.map(htmlRow).join('\n')}\n</table>`;
  const sections = sectionsOf(answer).map(({ title, levels }) => `<h2>${title}</h2>\n${table(levels)}`);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Service levels</title><style>
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ccc}
.missed{color:#b00020;font-weight:600}
</style></head><body>
<h1>Service levels</h1>
<p>${windowOf(answer)}</p>
<p>${escapeHtml(summaryOf(answer))}</p>
${sections.join('\n')}
</body></html>
`;
}

function sectionsOf({ levels }: Answer): { title: string; levels: Level[] }[] {
  return SECTIONS.map(({ title, names }) => ({ title, levels: levels.filter(({ name }) => names.test(name)) })).filter(
    (section) => section.levels.length > 0,
  );
}

function windowOf({ from, to }: Answer): string {
  return `${instant(from)} to ${instant(to)}`;
}

function summaryOf({ levels }: Answer): string {
  const missed = levels.filter(({ met }) => met === false).map(nameOf);
  const met = levels.filter(({ met: kept }) => kept === true).length;
  return `${met} met, ${missed.length} missed${missed.length === 0 ? '' : `: ${missed.join(', ')}`}.`;
}

function rowOf(level: Level): string[] {
  const { objective, measured, unit, samples, source } = level;
  const value = measured === null ? '-' : `${measured} ${unit}`;
  return [nameOf(level), objective, value, String(samples), source, standing(level)];
}

function nameOf({ name, of }: Level): string {
  const words = name.replaceAll('_', ' ');
  return of === null ? words : `${words} (${of})`;
}

function htmlRow(level: Level): string {
  const cells = rowOf(level).map((cell) => `<td>${escapeHtml(cell)}</td>`);
  return `<tr${level.met === false ? ' class="missed"' : ''}>${cells.join('')}</tr>`;
}

/** Names of profiles and rules come from files that people write. */
function markdownCell(text: string): string {
  return text.replace(/[\\|`*_<>[\]]/g, '\\$&').replace(/\p{Cc}/gu, '?');
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
