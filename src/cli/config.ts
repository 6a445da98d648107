/** `locktender config …`: the configuration, checked and described. */

import type { Command } from 'commander';
import { configJsonSchema, configReference } from '../config/reference.ts';
import { must } from './context.ts';
import { loadedConfig } from './given-config.ts';
import { type CliParts, group, leaf } from './leaf.ts';
import { printJson } from './print.ts';

export function addConfig(program: Command, parts: CliParts): void {
  const config = group(program, 'config', 'the configuration: check, reference, schema');
  leaf(config, 'check', parts, {
    summary: 'checks file, environment and flags; every problem with file and line',
    run: async (_, options, { io }) => {
      const loaded = loadedConfig(options, io);
      // For programs, what is wrong is the answer.
      if (options.json && !loaded.ok) printJson(io, { ok: false, problems: loaded.error });
      const { state } = must(loaded);
      if (options.json) printJson(io, { ok: true, state });
      else io.stdout(`the configuration is right; state in ${state}\n`);
    },
  });
  leaf(config, 'reference', parts, {
    summary: 'every key, its default and what it means, as Markdown',
    run: async (_, __, { io }) => io.stdout(configReference()),
  });
  leaf(config, 'schema', parts, {
    summary: 'the JSON Schema of the configuration file',
    run: async (_, __, { io }) => printJson(io, configJsonSchema()),
  });
}
