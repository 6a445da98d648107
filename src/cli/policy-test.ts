/** `locktender policy test`: runs contracts, offline. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { loadPolicy, rootsOf } from '../control/load-revision.ts';
import type { Contract } from '../policy/trials/contract-file.ts';
import { parseContracts } from '../policy/trials/contract-file.ts';
import { runContracts } from '../policy/trials/contracts.ts';
import { type CliIo, type CommonOptions, EXIT, must, textOf } from './context.ts';
import { configOf } from './given-config.ts';
import { type CliParts, leaf } from './leaf.ts';
import { printJson } from './print.ts';

export function addTest(policy: Command, parts: CliParts): void {
  leaf(policy, 'test', parts, {
    summary: 'runs policy contracts; exit 1 when one is broken',
    declare: (command) => {
      command.argument('[files...]', 'contract files; default: those of the rules directory');
    },
    run: async (files, options, { io }) => test(files.flat(), options, io),
  });
}

function test(files: readonly string[], options: CommonOptions, io: CliIo): number {
  const { bundle, categories } = must(loadPolicy(rootsOf(configOf(options, io))), EXIT.failed);
  const kept = bundle.files.filter((file) => /(^|\/)policy\/contracts\//.test(file.path));
  const given = files.map((file) => ({ path: file, text: textOf(resolve(io.cwd, file), io.cwd) }));
  const contracts = (files.length > 0 ? given : kept).flatMap((file): Contract[] =>
    must(parseContracts(file.path, file.text), EXIT.usage),
  );
  const results = runContracts(contracts, { bundle, categories: categories.index });
  const broken = results.filter((result) => result.broken !== null);
  if (options.json) printJson(io, { contracts: results.length, broken });
  else {
    for (const { file, line, name, broken: how } of broken) io.stdout(`${file}:${line}: ${name}: ${how}\n`);
    io.stdout(`${results.length} contracts, ${broken.length} broken\n`);
  }
  return broken.length === 0 ? EXIT.done : EXIT.failed;
}
