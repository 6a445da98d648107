/** Makes one toolchain's real request through the gate, and says what came of it. */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diagnose } from './diagnosis.ts';
import type { SandboxAccess } from './environment.ts';
import type { Toolchain } from './toolchains.ts';

export interface ProbeReport {
  readonly name: string;
  readonly outcome: 'works' | 'fails' | 'not found';
  /** First line of what `--version` printed; null when not found. */
  readonly version: string | null;
  /** Last line of its error, and the fix; null when it works. */
  readonly said: string | null;
  readonly fix: string | null;
}

interface Ran {
  readonly code: number | null;
  readonly out: string;
}

/** In `environment`, as it stands. At most `deadlineMs` for the request; a hung tool is killed and counts as failing. */
export async function probeToolchain(
  tool: Toolchain,
  target: { readonly origin: string; readonly access: SandboxAccess; readonly environment: NodeJS.ProcessEnv },
  deadlineMs = 60_000,
): Promise<ProbeReport> {
  const found = await execute([tool.program, ...tool.version], process.env, deadlineMs);
  if (found.code !== 0) return { name: tool.name, outcome: 'not found', version: null, said: null, fix: null };
  const version = found.out.trim().split('\n')[0] ?? '';
  const scratch = mkdtempSync(join(tmpdir(), 'locktender-doctor-'));
  try {
    const probe = { origin: target.origin, proxyUrl: target.access.proxyUrl, mergedCaFile: target.access.mergedCaFile };
    for (const [name, text] of Object.entries(tool.files?.(probe) ?? {})) writeFileSync(join(scratch, name), text);
    const environment = { ...target.environment, ...tool.environment?.(probe, scratch) };
    const ran = await execute(tool.request(target.origin, scratch), environment, deadlineMs);
    if (ran.code === 0 && ran.out.includes(tool.expect))
      return { name: tool.name, outcome: 'works', version, said: null, fix: null };
    const fix = diagnose(ran.out) ?? tool.fix;
    return { name: tool.name, outcome: 'fails', version, said: lastLine(ran, target.environment), fix };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The last line that says something, without the pass that some tools print with their proxy. */
function lastLine(ran: Ran, environment: NodeJS.ProcessEnv): string {
  const password = URL.parse(environment['HTTPS_PROXY'] ?? environment['https_proxy'] ?? '')?.password ?? '';
  const lines = ran.out.trim().split('\n');
  const line = lines.at(-1) ?? '';
  const clean = password === '' ? line : line.replaceAll(password, '***');
  return clean === ''
    ? `ended with code ${ran.code ?? 'none: killed at its deadline'} and said nothing`
    : clean.slice(0, 300);
}

function execute(command: readonly string[], env: NodeJS.ProcessEnv, deadlineMs: number): Promise<Ran> {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: deadlineMs,
      killSignal: 'SIGKILL',
    });
    let out = '';
    const take = (chunk: Buffer) => {
      if (out.length < 65_536) out += chunk.toString('utf8');
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', () => resolve({ code: null, out }));
    child.once('close', (code) => resolve({ code, out }));
  });
}
