/** The composition root: hands the command line what needs the whole appliance. */

import { serve } from './appliance/serve.ts';

const [command, ...rest] = process.argv.slice(2);
if (command === 'serve') {
  const demo = rest.includes('--demo');
  const state = rest[rest.indexOf('--state') + 1];
  process.exitCode = await serve(
    { config: null, set: rest.includes('--state') && state ? { state } : {}, demo },
    {
      env: process.env,
      cwd: process.cwd(),
      stdout: (text) => void process.stdout.write(text),
      stderr: (text) => void process.stderr.write(text),
    },
  );
}
