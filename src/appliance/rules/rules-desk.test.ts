import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256Text } from '../../control/load-revision.ts';
import { readRuleFiles } from '../../control/load-rules.ts';
import { compileRules } from '../../dlp/rule-set.ts';
import { type RulesDeskParts, rulesDesk } from './rules-desk.ts';

const rule = (id: string, match = id) => `version: 1
rules:
  - id: ${id}
    description: A word
    info_type: WORD
    kind: dictionary
    regex: '\\b(${id})\\b'
    likelihood: LIKELY
    severity: low
    actions: { result: redact, request: block }
    tests: { match: ['${match}'], no_match: ['other'] }
`;
const PATH = 'dlp/birds.yaml';
const SHIPPED = rule('bluebird');

let top: string;
/** Set to make the record, or the disk where it keeps its documents, refuse. */
let broken: { record: boolean; documents: boolean };
let desk: ReturnType<typeof rulesDesk>;
let inForce: () => string[];
let edits: string;

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'locktender-rules-desk-'));
  broken = { record: false, documents: false };
  edits = join(top, 'state/rules');
  mkdirSync(join(top, 'rules/dlp'), { recursive: true });
  writeFileSync(join(top, 'rules', PATH), SHIPPED);
  const roots = { rules: [join(top, 'rules')], edits, categories: [], imports: '' };
  const compiled = (files: Parameters<typeof compileRules>[0]) => compileRules(files, sha256Text);
  const first = compiled(readRuleFiles(roots));
  if (!first.ok) throw new Error(JSON.stringify(first.error));
  let rules = first.value;
  let last: Promise<unknown> = Promise.resolve();
  const documents = new Map<string, unknown>();
  const parts = {
    guard: {
      rules: () => rules,
      reload: async (next: typeof first) => {
        if (broken.record) throw new Error('the disk is full');
        if (next.ok) rules = next.value;
        return { loaded: next.ok, digest: rules.digest, previous: '', problems: [] };
      },
    },
    thread: {
      exclusively: (act: () => Promise<unknown>) => {
        last = last.then(act, act);
        return last;
      },
      compile: async (files: Parameters<typeof compileRules>[0]) => compiled(files),
    },
    state: {
      path: join(top, 'state'),
      documents: {
        read: (name: string) => documents.get(name) ?? null,
        write: async (name: string, value: unknown) => {
          if (broken.documents) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
          documents.set(name, value);
        },
      },
    },
    clock: { now: () => 0, monotonic: () => 0 },
    roots,
  };
  desk = rulesDesk(parts as unknown as RulesDeskParts);
  inForce = () => rules.rules.map(({ spec }) => spec.id);
});
afterEach(() => rmSync(top, { recursive: true }));

const edit = (text: string, from: string | null = sha256Text(SHIPPED), path = PATH) =>
  desk.save({ path, text, from, why: 'test' }, 'ann');
/** As it was before anybody edited: in force, on disk and in what is told. */
const isAsItWas = () => {
  expect(inForce()).toEqual(['bluebird']);
  expect(existsSync(join(edits, PATH))).toBe(false);
  expect(desk.file({ path: PATH })).toMatchObject({ text: SHIPPED, edited: false, history: [] });
};

describe('an edit of rules', () => {
  it('comes into force, can be read as it was, and be taken back', async () => {
    const text = rule('robin');
    await expect(edit(text)).resolves.toMatchObject({ ok: true, value: { loaded: true } });
    expect(inForce()).toEqual(['robin']);
    expect(readFileSync(join(edits, PATH), 'utf8')).toBe(text);
    expect(desk.file({ path: PATH, digest: sha256Text(SHIPPED) })).toMatchObject({ text: SHIPPED, edited: true });
    await edit(SHIPPED, sha256Text(text));
    expect(inForce()).toEqual(['bluebird']);
  });

  it('of two that began from the same text is the first', async () => {
    const both = await Promise.all([edit(rule('robin')), edit(rule('wren'))]);
    expect(both).toMatchObject([{ ok: true }, { ok: false, error: expect.stringContaining('changed meanwhile') }]);
    expect(inForce()).toEqual(['robin']);
    await expect(edit(rule('wren'), null, 'dlp/new.yaml')).resolves.toMatchObject({ ok: true });
    await expect(edit(rule('kite'), null, 'dlp/new.yaml')).resolves.toMatchObject({ ok: false });
  });

  it.each([
    ['breaks a test', rule('robin', 'no bird')],
    ['is no YAML', '{'],
    ['leaves no rule', 'version: 1\nrules: []\n'],
  ])('that %s never goes live', async (_, text) => {
    await expect(edit(text)).resolves.toMatchObject({ ok: true, value: { loaded: false } });
    isAsItWas();
  });

  it('that cannot be recorded leaves nothing behind that would come into force later', async () => {
    broken.record = true;
    await expect(edit(rule('robin'))).rejects.toThrow('the disk is full');
    isAsItWas();
    broken.record = false;
    await edit(rule('robin'));
    broken.record = true;
    await expect(edit(rule('wren'), sha256Text(rule('robin')))).rejects.toThrow();
    expect(readFileSync(join(edits, PATH), 'utf8')).toBe(rule('robin'));
    expect(desk.file({ path: PATH })?.history).toHaveLength(1);
  });

  it('that cannot be written is not told of as one that was', async () => {
    // A directory of its name, which holds something, cannot be replaced.
    mkdirSync(join(edits, PATH, '.kept'), { recursive: true });
    await expect(edit(rule('robin'))).resolves.toMatchObject({
      ok: false,
      error: expect.stringMatching(/as they were$/),
    });
    rmSync(join(edits, PATH), { recursive: true });
    isAsItWas();
    broken.documents = true;
    await expect(edit(rule('robin'))).resolves.toMatchObject({ ok: false, error: expect.stringContaining('ENOSPC') });
    isAsItWas();
  });

  it('does not follow a link out of its directory, and says which file cannot be read', async () => {
    mkdirSync(edits, { recursive: true });
    mkdirSync(join(top, 'elsewhere'));
    symlinkSync(join(top, 'elsewhere'), join(edits, 'dlp'));
    await expect(edit(rule('robin'))).resolves.toMatchObject({
      ok: false,
      error: expect.stringContaining('a link leads out'),
    });
    expect(existsSync(join(top, 'elsewhere/birds.yaml'))).toBe(false);
    rmSync(join(edits, 'dlp'));
    mkdirSync(join(edits, 'dlp'));
    writeFileSync(join(top, 'elsewhere/birds.yaml'), rule('robin'));
    symlinkSync(join(top, 'elsewhere/birds.yaml'), join(edits, PATH));
    const error = expect.stringMatching(/the rules cannot be read \(`dlp\/birds.yaml`: it is a link that leads out/);
    await expect(edit(rule('robin'))).resolves.toMatchObject({ ok: false, error });
  });
});
