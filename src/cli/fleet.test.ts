import { expect, it } from 'vitest';
import type { CliIo } from './context.ts';
import { printStatus } from './fleet.ts';

const EVIL = 'no space\u001b]52;c;ZXZpbA==\u0007\u009b2J\r\n';

it('T-33 what a NATS server says tells the terminal nothing', () => {
  const out: string[] = [];
  const io = { stdout: (text: string) => void out.push(text) } as unknown as CliIo;
  const hub = { name: 'hub', controls: 1, lease_ms: 5000, refused: EVIL, trouble: EVIL };
  const shipping = { state: 'failing', entries: 7, behind: 2, why: EVIL } as const;
  const own = { name: 'main', node: 'node-7', key: '', connected: true, epoch: 'E', sequence: 3 };
  printStatus(io, { ...own, role: 'member', hub, shipping, members: [], mirrors: [] });
  const said = 'no space?]52;c;ZXZpbA==??2J??';
  expect(out.slice(3)).toEqual([
    `TROUBLE: ${said}\n`,
    `FILES REFUSED: ${said}\n`,
    expect.stringContaining('2 are not yet'),
    `RECORD: ${said}\n`,
  ]);
});
