import { expect, it } from 'vitest';
import { redacted } from '../../../test/dlp/redacted.ts';
import { GITHUB_RULES, GITHUB_TOKEN, ruleSet } from '../../../test/dlp/small-rules.ts';
import { dumpLineLayers } from './dump-lines.ts';

const rules = ruleSet(GITHUB_RULES);
const BYTES = Buffer.from(`# "settings"\ngithub_token=${GITHUB_TOKEN}\nport=1\n`);

interface Dump {
  readonly offset: (at: number) => string;
  readonly bytes: (hex: string[]) => string;
  readonly signs: (text: string) => string;
}

const pairs = (hex: string[]) =>
  hex
    .join('')
    .replaceAll(/(.{4})/g, '$1 ')
    .trimEnd()
    .padEnd(39);
const hexOf = (digits: number) => (at: number) => at.toString(16).padStart(digits, '0');
const DUMPS: readonly (readonly [string, Dump])[] = [
  ['xxd', { offset: (at) => `${hexOf(8)(at)}: `, bytes: pairs, signs: (text) => `  ${text}` }],
  [
    'hexdump -C',
    {
      offset: (at) => `${hexOf(8)(at)}  `,
      bytes: (hex) => `${hex.slice(0, 8).join(' ')}  ${hex.slice(8).join(' ')}`.padEnd(48),
      signs: (text) => `  |${text}|`,
    },
  ],
  ['tcpdump -X', { offset: (at) => `\t0x${hexOf(4)(at)}:  `, bytes: pairs, signs: (text) => `  ${text}` }],
  [
    'od -t x1z',
    {
      offset: (at) => `${at.toString(8).padStart(7, '0')} `,
      bytes: (hex) => hex.join(' ').padEnd(47),
      signs: (t) => `  >${t}<`,
    },
  ],
  [
    'od -t x1',
    { offset: (at) => `${at.toString(8).padStart(7, '0')} `, bytes: (hex) => hex.join(' '), signs: () => '' },
  ],
];

function dumped(bytes: Buffer, { offset, bytes: written, signs }: Dump): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const part = bytes.subarray(at, at + 16);
    const text = part.toString('latin1').replaceAll(/[^ -~]/g, '.');
    lines.push(offset(at) + written([...part].map((byte) => hexOf(2)(byte))) + signs(text));
  }
  return `${lines.join('\n')}\n`;
}

const GONE = Buffer.from(BYTES.toString().replace(GITHUB_TOKEN, '[GONE]'.padEnd(GITHUB_TOKEN.length, '*')));

it.each(DUMPS)('T-35 a secret on several lines of %s is taken out of both columns', (_name, dump) => {
  const text = `$ dump .env\n${dumped(BYTES, dump)}$ `;
  expect(redacted(text, rules)).toBe(`$ dump .env\n${dumped(GONE, dump)}$ `);
});

it.each(DUMPS)('T-35 likewise behind a thousand ends of offsets that are none: %s', (_name, dump) => {
  const decoys = '12:00: up\n1000  1000 \n'.repeat(1000);
  expect(redacted(decoys + dumped(BYTES, dump), rules)).toBe(decoys + dumped(GONE, dump));
});

it.each(DUMPS)('T-35 likewise where a string of JSON holds it, by %s', (_name, dump) => {
  const text = JSON.stringify({ stdout: dumped(BYTES, dump), status: 0 });
  expect(JSON.parse(redacted(text, rules))).toEqual({ stdout: dumped(GONE, dump), status: 0 });
});

it.each([
  ['lines', (text: string) => text],
  ['lines of a string', (text: string) => JSON.stringify(text)],
])('T-35 a secret in digits on %s is taken out, and no line grows', (_name, written) => {
  const plain = (bytes: Buffer) => bytes.toString('hex').replaceAll(/.{60}/g, '$&\n');
  expect(redacted(written(`out:\n${plain(BYTES)}\n`), rules)).toBe(written(`out:\n${plain(GONE)}\n`));
});

it('no line is read twice, though a part of one seems to end what stands before it', () => {
  const [, xxd] = DUMPS[0] as (typeof DUMPS)[number];
  const lines = dumped(Buffer.alloc(1024, 'abcdefgh'), xxd).replaceAll(/(?<=\n.{6}f0.*)$/gm, '\\rn');
  const read: [number, number][] = [];
  const all = [...dumpLineLayers(Buffer.from(lines), (start, end) => read.push([start, end]) > 0)];
  expect(all).toHaveLength(4);
  expect(read.every(([start], i) => start >= (read[i - 1]?.[1] ?? 0))).toBe(true);
});
