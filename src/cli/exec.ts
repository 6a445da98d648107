/** `locktender exec`: tool code in a fresh isolate of the appliance; prints the guarded result. */

import type { Command } from 'commander';
import {
  type GatewayClient,
  GatewayProblem,
  gatewayClient,
  type TaskEvent,
  type TaskOrder,
  type TaskReport,
} from '../gateway/client.ts';
import { causeOf } from './admin-client.ts';
import { withAppliance } from './brief-appliance.ts';
import { CliFailure, type CliIo, EXIT, type ExitCode, readAll, textOf } from './context.ts';
import { laidOut, printEvent, valueText } from './exec-stream.ts';
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

type Told = (event: Exclude<TaskEvent, { event: 'result' }>) => void;

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
      const order = await orderOf(file, options, io);
      const came = { events: 0, parts: 0 };
      const told: Told = (event) => {
        came.events += 1;
        came.parts += event.event === 'part' ? 1 : 0;
        printEvent(io, event, options.json === true);
      };
      const report = await withAppliance(options, context, ({ doors: { gateway }, gatewayKey }) =>
        submit(gatewayClient({ url: gateway, token: gatewayKey() }), order, options.stream ? told : null).catch(
          (error: unknown) => {
            throw failure(error, gateway, came.events > 0);
          },
        ),
      );
      if (options.json) printJson(io, options.stream ? { event: 'result', data: report } : report);
      // What was printed as it came is not printed again.
      else if (options.stream) printReport(io, { ...report, logs: [] }, came.parts > 0);
      else printReport(io, report);
      return report.status === 'completed' ? EXIT.done : EXIT.failed;
    },
  });
}

const CODE = 'it needs `export default async (input, env) => …`';

async function orderOf(file: string, options: ExecOptions, io: CliIo): Promise<TaskOrder> {
  const code = file === '-' ? (await readAll(io.stdin)).toString('utf8') : textOf(file, io.cwd);
  if (code.trim() === '')
    throw new CliFailure(EXIT.usage, `${file === '-' ? 'stdin' : `\`${file}\``} holds no code; ${CODE}`);
  const { profile, class: name, tenant } = options;
  // TypeScript holds JavaScript, and stdin has no ending that would tell them apart.
  const language = options.language ?? (file === '-' || /\.[cm]?ts$/.test(file) ? 'ts' : 'js');
  // What is undefined is left out by JSON; a wrong language is for the gateway to refuse.
  return { code, language, input: inputOf(options.input ?? 'null'), profile, class: name, tenant } as TaskOrder;
}

function inputOf(text: string) {
  try {
    return JSON.parse(text);
  } catch {
    throw new CliFailure(EXIT.usage, '`--input` is not JSON; quote it for the shell, for example --input \'{"a":1}\'');
  }
}

/** The report, once `told` has every event before it; asks for events only where somebody listens. */
async function submit(client: GatewayClient, order: TaskOrder, told: Told | null): Promise<TaskReport> {
  if (told === null) return client.runTask(order);
  for await (const event of client.streamTask(order)) {
    if (event.event === 'result') return event.data;
    told(event);
  }
  throw new Error('the client ends with a result or an error');
}

/** A task that did not run to its end, as an exit code: the order was wrong, refused, or there is no gateway. */
function failure(error: unknown, gateway: string, begun: boolean): CliFailure {
  if (error instanceof GatewayProblem) return new CliFailure(exitOf(error.status), error.message);
  return new CliFailure(
    EXIT.unreachable,
    begun
      ? `the gateway at ${gateway} went away before the task ended (${causeOf(error)})`
      : `cannot reach the gateway at ${gateway} (${causeOf(error)}); is \`locktender serve\` running?`,
  );
}

function exitOf(status: number): ExitCode {
  if (status === 400) return EXIT.usage;
  return status >= 500 ? EXIT.internal : EXIT.failed;
}

function printReport(io: CliIo, { status, result, error, logs }: TaskReport, printed = false): void {
  for (const line of logs ?? []) io.stderr(`${laidOut(line.text)}\n`);
  if (status !== 'completed') io.stderr(`${status}${error?.message ? `: ${laidOut(error.message)}` : ''}\n`);
  else if (!printed) io.stdout(`${valueText(io, result, 2)}\n`);
}
