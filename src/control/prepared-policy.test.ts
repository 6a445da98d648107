import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseTaxonomy } from '../categories/taxonomy.ts';
import { admit } from '../policy/admission/admission.ts';
import { compileBundle } from '../policy/bundle/bundle.ts';
import { soundness } from '../policy/bundle/bundle-check.ts';
import { readTree } from '../store/read-tree.ts';
import { loadPolicy, sha256Text } from './load-revision.ts';
import { preparePolicy, readPreparedBundle, readPreparedTaxonomy } from './prepared-policy.ts';

const shipped = (name: string): string => join(import.meta.dirname, '../..', name);
const dir = mkdtempSync(join(tmpdir(), 'lt-prepared-'));
afterAll(() => rmSync(dir, { recursive: true }));

const kept = { policy: join(dir, 'policy'), taxonomy: join(dir, 'taxonomy') };
const files = readTree([shipped('rules')], ['.yaml', '.yml', '.cedar', '.cedarschema']);
const source = { path: 'taxonomy.yaml', text: readFileSync(shipped('categories/taxonomy.yaml'), 'utf8') };
const read = parseTaxonomy(source.path, source.text);
if (!read.ok) throw new Error('the shipped taxonomy must parse');
const taxonomy = read.value;
const compiled = compileBundle(files, { taxonomy, sha256: sha256Text });
if (!compiled.ok || soundness(compiled.value).length > 0) throw new Error('the shipped policy must compile');
const bundle = compiled.value;
preparePolicy({ bundle, taxonomy }, source, kept);

const edited = (path: string, edit: (text: string) => string) =>
  files.map((file) => (file.path === path ? { ...file, text: edit(file.text) } : file));

describe('the shipped policy as set-up kept it', () => {
  it('is what compiling gives, whole, also in what it admits', () => {
    const again = readPreparedBundle(files, taxonomy, kept.policy);
    expect(again).toEqual(bundle);
    expect(again && Object.isFrozen(again)).toBe(true);
    for (const risk of [0, 55, 100]) {
      const order = { caller: 'cli', kind: 'sandbox', tenant: 'acme', class: null, profile: null, risk } as const;
      expect(again && admit(order, again)).toEqual(admit(order, bundle));
    }
  });

  it('is the same in whatever order its files are read, and beside files that are no part of it', () => {
    const others = [...files].reverse().concat({ path: 'dlp/more.yaml', text: 'rules: []' });
    expect(readPreparedBundle(others, taxonomy, kept.policy)?.digest).toBe(bundle.digest);
  });

  it.each([
    ['a capability', edited('capabilities/net.read.public.yaml', (text) => `${text}\n`)],
    [
      'an admission policy',
      edited(files.find(({ path }) => path.endsWith('.cedar'))?.path ?? '', (text) => `${text} `),
    ],
    ['a file more', [...files, { path: 'policy/contracts/more.yaml', text: '' }]],
    ['a file less', files.filter(({ path }) => !path.startsWith('profiles/'))],
  ])('does not count once there is another text: %s', (_, changed) => {
    expect(readPreparedBundle(changed, taxonomy, kept.policy)).toBeNull();
  });

  it('does not count where a category is blocked from the start that was not', () => {
    const categories = taxonomy.categories.map((c, i) => (i === 0 ? { ...c, defaultBlocked: !c.defaultBlocked } : c));
    expect(readPreparedBundle(files, { ...taxonomy, categories }, kept.policy)).toBeNull();
  });

  it.each([
    ['a byte changed', (bytes: Buffer) => bytes.fill(bytes.readUInt8(5000) ^ 1, 5000, 5001)],
    ['cut short', (bytes: Buffer) => bytes.subarray(0, 9000)],
    ['empty', () => Buffer.alloc(0)],
  ])('does not count with %s', (_, broken) => {
    const bad = join(dir, 'bad');
    writeFileSync(bad, broken(readFileSync(kept.policy)));
    expect(readPreparedBundle(files, taxonomy, bad)).toBeNull();
  });

  it('is left as it is by another set-up, which need not be able to write', () => {
    const inodes = () => Object.values(kept).map((file) => statSync(file).ino);
    const before = inodes();
    preparePolicy({ bundle, taxonomy }, source, kept);
    expect(inodes()).toEqual(before);
  });

  it('refuses an edit in the words of the compiler', () => {
    const rules = join(dir, 'rules');
    const text = files.find(({ path }) => path === 'classes.yaml')?.text ?? '';
    const overlay = mkdtempSync(`${rules}-`);
    writeFileSync(join(overlay, 'classes.yaml'), `${text}\nsurprise: true\n`);
    const roots = {
      rules: [shipped('rules'), overlay],
      edits: overlay,
      categories: [shipped('categories')],
      imports: null,
    };
    expect(loadPolicy(roots)).toMatchObject({ ok: false, error: [{ file: 'rules/classes.yaml' }] });
  });
});

describe('the shipped taxonomy as set-up kept it', () => {
  it('is what parsing gives', () => {
    expect(readPreparedTaxonomy(source, kept.taxonomy)).toEqual(taxonomy);
  });

  it('does not count for another text', () => {
    expect(readPreparedTaxonomy({ ...source, text: `${source.text}\n` }, kept.taxonomy)).toBeNull();
  });
});
