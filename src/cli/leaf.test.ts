import { Command } from 'commander';
import { expect, it } from 'vitest';
import { type CliContext, CliFailure, EXIT } from './context.ts';
import { leaf } from './leaf.ts';

const TOO_SMALL = 'too small: expected number to be >=1';

it.each([
  [`query \`limit\`: ${TOO_SMALL}`, `\`--limit\`: ${TOO_SMALL}`],
  [`body \`for_ms\`: ${TOO_SMALL}`, `\`--for\`: ${TOO_SMALL}`],
  [`\`limit\`: ${TOO_SMALL}; see \`/openapi.json\``, `\`--limit\`: ${TOO_SMALL}`],
  ['params `name`: must be letters', '`<id>`: must be letters'],
  ['body `entries`: too many', 'body `entries`: too many'],
  ['no task `limit`: see `task list`', 'no task `limit`: see `task list`'],
])('what an API says of a field is said of the option that it came from: %s', async (said, shown) => {
  const program = new Command();
  const parts = { context: {} as CliContext, outcome: { code: 0 } };
  leaf(program, 'query', parts, {
    summary: 'a command',
    declare: (command) => void command.argument('<id>').option('--limit <n>').option('--for <duration>'),
    run: () => Promise.reject(new CliFailure(EXIT.usage, said)),
  });
  const ran = program.parseAsync(['query', 'x'], { from: 'user' });
  await expect(ran).rejects.toMatchObject({ message: shown, exit: EXIT.usage });
});
