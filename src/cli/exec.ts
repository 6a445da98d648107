/** `locktender exec`: tool code in a fresh isolate of the appliance; prints the guarded result. */

import type { Command } from 'commander';
import { gatewayKey } from './admin-client.ts';
import { withAppliance } from './brief-appliance.ts';
import { CliFailure, type CliIo, EXIT, readAll, textOf } from './context.ts';
import { followTask, laidOut, printEvent, type TaskEvent } from './exec-stream.ts';
import { type CliParts, leaf } from './leaf.ts';
import { printJson } from './print.ts';

interface ExecOptions {
  readonly profile?: string;
  readonly class?: string;
  readonly tenant?: string;
  readonly input?: string;
  readonly language?: string;
  readonly stream?: boolean;
}

interface Report {
  readonly task: string;
  readonly status: string;
  readonly result: unknown;
  readonly error: { readonly message?: string } | null;
  readonly logs?: readonly { readonly level: string; readonly text: string }[];
}

export function addExec(program: Command, parts: CliParts): void {
  leaf<ExecOptions>(program, 'exec', parts, {
    summary: 'runs tool code (`export default async (input, env) => …`) in a fresh isolate; prints the guarded result',
    declare: (command) => {
      command
        .argument('<file>', 'JavaScript or TypeScript; `-` reads stdin')
        .option('--profile <name>', 'sandbox profile')
        .option('--class <name>', 'request class')
        .option('--tenant <name>', 'tenant of the task')
        .option('--language <js|ts>', 'default: by the ending of the file; stdin may hold either')
        .option('--input <json>', 'first argument of the function', 'null')
        .option('--stream', 'prints lines, progress and parts of the result as they come; with `--json` as JSON Lines');
    },
    run: async ([file = '-'], options, context) => {
      const { io } = context;
      const body = await bodyOf(file, options, io);
      let parts = 0;
      const told = (event: TaskEvent) => {
        parts += event.event === 'part' ? 1 : 0;
        printEvent(io, event, options.json === true);
      };
      const report = await withAppliance(options, context, ({ doors, state }) =>
        submit(doors.gateway, gatewayKey(state), body, options.stream === true ? told : null),
      );
      if (options.json) printJson(io, options.stream ? { event: 'result', data: report } : report);
      // What was printed as it came is not printed again.
      else if (options.stream) printReport(io, { ...report, logs: [] }, parts > 0);
      else printReport(io, report);
      return report.status === 'completed' ? EXIT.done : EXIT.failed;
    },
  });
}

async function bodyOf(file: string, options: ExecOptions, io: CliIo): Promise<object> {
  const code = file === '-' ? (await readAll(io.stdin)).toString('utf8') : textOf(file, io.cwd);
  const { profile, class: name, tenant, stream } = options;
  // TypeScript holds JavaScript, and stdin has no ending that would tell them apart.
  const language = options.language ?? (file === '-' || /\.[cm]?ts$/.test(file) ? 'ts' : 'js');
  // What is undefined is left out by JSON.
  return { code, language, input: inputOf(options.input ?? 'null'), profile, class: name, tenant, stream };
}

function inputOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CliFailure(EXIT.usage, '`--input` is not JSON; quote it for the shell, for example --input \'{"a":1}\'');
  }
}

async function submit(
  gateway: string,
  key: string,
  body: object,
  told: ((event: TaskEvent) => void) | null,
): Promise<Report> {
  const response = await fetch(`${gateway}/v1/tasks`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).catch(() => {
    throw new CliFailure(EXIT.unreachable, `cannot reach the gateway at ${gateway}; is \`locktender serve\` running?`);
  });
  if (told !== null && response.ok && response.body !== null)
    return (await followTask(response.body as unknown as AsyncIterable<Uint8Array>, told)) as Report;
  const answer = (await response.json()) as Report & { detail?: string; error?: { message?: string } };
  if (typeof answer.status === 'string' && answer.task !== undefined) return answer;
  const said = answer.detail ?? answer.error?.message ?? `the gateway answered ${response.status}`;
  throw new CliFailure(
    response.status >= 500 ? EXIT.internal : response.status === 400 ? EXIT.usage : EXIT.failed,
    said,
  );
}

function printReport(io: CliIo, { status, result, error, logs }: Report, printed = false): void {
  for (const line of logs ?? []) io.stderr(`${laidOut(line.text)}\n`);
  if (status !== 'completed') io.stderr(`${status}${error?.message ? `: ${laidOut(error.message)}` : ''}\n`);
  else if (!printed) io.stdout(`${typeof result === 'string' ? result : JSON.stringify(result, null, 2)}\n`);
}
