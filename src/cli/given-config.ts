/** The configuration as a command was given it. Apart from what every command has, since to read it takes schemas and YAML. */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { Problem, Result } from '../core/result.ts';
import { CliFailure, type CliIo, type CommonOptions, EXIT, must, textOf } from './context.ts';

/** The configuration of a command; exits 2 with every problem when it is not right. */
export function configOf(options: CommonOptions, io: CliIo): Config {
  return must(loadedConfig(options, io));
}

/** The same, or every problem of it; exits 2 when a file that was named cannot be read. */
export function loadedConfig(options: CommonOptions, { env, cwd }: CliIo): Result<Config, Problem[]> {
  const file =
    options.config ??
    env['LOCKTENDER_CONFIG'] ??
    (existsSync(resolve(cwd, 'locktender.yaml')) ? 'locktender.yaml' : null);
  const flags = flagsOf(options);
  return loadConfig({ file, text: file === null ? null : textOf(file, cwd), env, flags, cwd });
}

function flagsOf({ state, set = [] }: CommonOptions): Record<string, string> {
  const flags: Record<string, string> = {};
  for (const pair of set) {
    const at = pair.indexOf('=');
    if (at < 1)
      throw new CliFailure(
        EXIT.usage,
        `\`--set ${pair}\` is not \`key=value\`; write for example \`--set log.level=debug\``,
      );
    flags[pair.slice(0, at)] = pair.slice(at + 1);
  }
  if (state !== undefined) flags['state'] = state;
  return flags;
}
