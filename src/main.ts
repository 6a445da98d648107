/** The composition root: hands the command line what needs the whole appliance. */

import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { VERSION } from './appliance/version.ts';
import { type ApplianceCommands, type CliIo, EXIT } from './cli/context.ts';
import { runCli } from './cli/program.ts';

const io: CliIo = {
  stdout: (text) => write(1, text),
  stderr: (text) => write(2, text),
  isTerminal: isatty(1),
  stdin: process.stdin,
  env: process.env,
  cwd: process.cwd(),
};

/** Synchronous, so that nothing is lost at exit and memory stays bounded when a reader is slow. */
function write(fd: number, text: string | Uint8Array): void {
  let bytes = typeof text === 'string' ? Buffer.from(text) : Buffer.from(text.buffer, text.byteOffset, text.byteLength);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(fd, bytes));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : '';
      // A pipe set to non-blocking by whoever gave it to us: wait a millisecond for its reader.
      if (code === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      else if (code === 'EPIPE') process.exit(EXIT.done);
      else throw error;
    }
  }
}

// Set first, so that a fault in a timer or a socket ends the process with the right code and its cause on stderr.
process.on('uncaughtException', (error) => {
  io.stderr(`locktender: internal error: ${error.stack ?? error.message}\n`);
  process.exit(EXIT.internal);
});

// The appliance is read only by the commands that start one: it is most of the program.
const appliance: ApplianceCommands = {
  version: VERSION,
  serve: async (options, to) => (await import('./appliance/serve.ts')).serve(options, to),
  tour: async (options, to) => (await import('./appliance/tour/tour.ts')).tour(options, to),
  witness: async (options, to) => (await import('./appliance/record/witness-door.ts')).serveWitness(options, to),
  isolateWalls: async () => (await import('./isolates/walls-here.ts')).wallsHere(),
  fleetKey: async (config) => (await import('./appliance/fleet/fleet-key.ts')).fleetKey(config),
  brief: async (config, demo) => (await import('./appliance/brief.ts')).startBrief(config, demo),
};

process.exit(await runCli(process.argv.slice(2), io, appliance));
