/** The DLP rules: which there are, and each file of them in an editor with its tests, a sample and its history. */

import type { AnswerOf } from '../../admin/contract.ts';
import { ApiFault, ask } from '../api.ts';
import { cells, h, moment, put, say, table } from '../dom.ts';
import { lineDiff } from '../line-diff.ts';
import type { Page, PageContext } from '../page.ts';

type Rules = AnswerOf<'ruleList'>;
/** Digest null: the file is new. */
type RuleFile = Omit<AnswerOf<'ruleFile'>, 'digest'> & { digest: string | null };
type Tried = AnswerOf<'ruleTry'>;

let search: HTMLInputElement | null = null;

export const rules: Page = {
  path: '/console/rules',
  title: 'Rules',
  key: 'u',
  keys: { '/': () => search?.focus() },
  show: async (context) => {
    const file = context.query.get('file');
    context.place.replaceChildren(h('h2', {}, 'Rules'), h('p', { class: 'soft' }, 'Loading …'));
    if (file === null) await showList(context);
    else await showFile(context, file);
  },
};

async function showList({ place, query, setQuery }: PageContext): Promise<void> {
  const all = await ask<'ruleList'>('/v1/rules');
  const found = h('div');
  const input = h('input', { name: 'q', type: 'search', value: query.get('q') ?? '', autocomplete: 'off' });
  search = input;
  const draw = () => {
    setQuery('q', input.value);
    found.replaceChildren(ruleTable(all, input.value.toLowerCase()));
  };
  input.addEventListener('input', draw);
  const files = all.files.map((file) =>
    cells(
      h('a', { href: `/console/rules?file=${encodeURIComponent(file.path)}` }, file.path),
      file.rules,
      file.edited ? 'edited here' : 'as it ships',
    ),
  );
  place.replaceChildren(
    h('h2', {}, 'Rules'),
    h(
      'p',
      {},
      `${all.rules.length} rules in ${all.files.length} files are in force; their digest is ${all.digest.slice(0, 16)}.`,
    ),
    h('label', {}, 'Search by name, type or text', input),
    found,
    newFile(),
    table('Files', ['File', 'Rules', 'State'], files),
  );
  draw();
}

function newFile(): HTMLElement {
  const name = h('input', { name: 'name', pattern: '[a-z0-9][a-z0-9\\-]*', required: true, autocomplete: 'off' });
  const open = (event: Event) => {
    event.preventDefault();
    location.assign(`/console/rules?file=${encodeURIComponent(`dlp/${name.value}.yaml`)}`);
  };
  const go = h('button', { type: 'submit' }, 'Begin a file');
  return h('form', { class: 'row', submit: open }, h('label', {}, 'Name of a new file', name), go);
}

/** More rows than one reads are not drawn. */
const MOST_ROWS = 200;

function ruleTable({ rules: all }: Rules, wanted: string): HTMLElement {
  const fits = all.filter((rule) =>
    [rule.id, rule.info_type, rule.kind, rule.description].join(' ').toLowerCase().includes(wanted),
  );
  const rows = fits
    .slice(0, MOST_ROWS)
    .map((rule) =>
      cells(
        h('a', { href: `/console/rules?file=${encodeURIComponent(rule.file)}` }, rule.id),
        rule.description,
        rule.info_type,
        rule.severity,
        rule.likelihood,
        rule.on_result,
        rule.on_request,
        rule.searched_by,
      ),
    );
  const shown = fits.length > MOST_ROWS ? `, the first ${MOST_ROWS} shown` : '';
  return table(`${fits.length} rules${shown}`, HEADS, rows);
}

const HEADS = ['Rule', 'Finds', 'Type', 'Severity', 'Likelihood', 'On results', 'On requests', 'Searched by'];

async function showFile({ place }: PageContext, path: string): Promise<void> {
  const file = await fileAt(path);
  const text = h('textarea', { name: 'text', rows: '24', spellcheck: 'false', class: 'code', autocomplete: 'off' });
  text.value = file.text;
  const sample = h('textarea', { name: 'sample', rows: '5', spellcheck: 'false', class: 'code', autocomplete: 'off' });
  const why = h('input', { name: 'why', maxlength: '500', autocomplete: 'off', required: true });
  const told = h('div', { 'aria-live': 'polite' });
  const changes = h('div');
  const draw = () => changes.replaceChildren(diffOf(file.text, text.value));
  text.addEventListener('input', draw);
  const attempt = () => {
    ask<'ruleTry'>('/v1/rules/try', { method: 'POST', body: { path, text: text.value, sample: sample.value } }).then(
      (tried) => told.replaceChildren(triedBox(tried, sample.value)),
      (error: Error) => told.replaceChildren(h('p', { class: 'problem', role: 'alert' }, error.message)),
    );
  };
  const save = (event: Event) => {
    event.preventDefault();
    saved(file, { text: text.value, why: why.value }).then(
      (box) => told.replaceChildren(box),
      (error: Error) => told.replaceChildren(h('p', { class: 'problem', role: 'alert' }, error.message)),
    );
  };
  place.replaceChildren(
    h('h2', {}, path),
    h('p', {}, h('a', { href: '/console/rules' }, 'All rules'), ` · ${stateOf(file)}`),
    h(
      'form',
      { submit: save },
      h('label', {}, 'Rules and their tests (YAML)', text),
      h('label', {}, 'Sample to try them on; it is not kept', sample),
      h('div', { class: 'row' }, h('button', { type: 'button', click: attempt }, 'Run tests and try')),
      told,
      changes,
      h('label', {}, 'Reason, kept in the record', why),
      h('button', { type: 'submit', class: 'primary' }, 'Save and bring into force'),
    ),
    historyOf(file, (old) => {
      text.value = old;
      draw();
    }),
  );
  draw();
}

function stateOf({ digest, edited }: RuleFile): string {
  if (digest === null) return 'new; it exists once it is saved';
  return edited ? 'edited here' : 'as it ships';
}

async function fileAt(path: string): Promise<RuleFile> {
  try {
    return await ask<'ruleFile'>('/v1/rules/file', { query: { path } });
  } catch (error) {
    if (!(error instanceof ApiFault && error.status === 404)) throw error;
    return { path, text: TEMPLATE, digest: null, edited: false, history: [] };
  }
}

const TEMPLATE = `version: 1
rules:
  - id: project-codename
    description: Codename of a project that is not public
    info_type: PROJECT_CODENAME
    kind: dictionary
    regex: '\\b(Project Bluebird)\\b'
    secret_group: 1
    likelihood: VERY_LIKELY
    severity: medium
    actions: { result: redact, request: block }
    tests: { match: ['of Project Bluebird'], no_match: ['a bluebird'] }
`;

async function saved(file: RuleFile, order: { readonly text: string; readonly why: string }): Promise<HTMLElement> {
  const body = { path: file.path, ...order, from: file.digest };
  const { loaded, digest, problems } = await ask<'ruleSave'>('/v1/rules/file', { method: 'POST', body });
  if (!loaded) return problemList(problems);
  // What is edited next begins from here.
  Object.assign(file, await ask<'ruleFile'>('/v1/rules/file', { query: { path: file.path } }));
  const text = `In force from now on; the digest of the rules is ${digest.slice(0, 16)}.`;
  say(text);
  return h('div', { class: 'receipt', 'data-digest': digest }, h('strong', {}, 'Saved'), h('p', {}, text));
}

function problemList(problems: Tried['problems']): HTMLElement {
  const rows = problems.map((one) => h('li', {}, `${one.file}:${one.line}: ${one.message}`));
  return h('div', { class: 'problem', role: 'alert' }, h('p', {}, 'Not in force:'), h('ul', {}, ...rows));
}

function triedBox({ problems, rules: compiled, findings }: Tried, sample: string): HTMLElement {
  if (problems.length > 0) return problemList(problems);
  const dear = compiled.filter((rule) => rule.searched_by === 'everything').map((rule) => rule.id);
  const box = h('div', { class: 'receipt' }, h('p', {}, `✓ ${compiled.length} rules compile and pass their tests.`));
  if (dear.length > 0)
    put(box, h('p', {}, `Run over every text, since no anchor could be derived: ${dear.join(', ')}.`));
  if (sample === '') return box;
  const rows = findings.map((one) =>
    cells(one.rule, one.info_type, one.likelihood, one.action, `${one.start}–${one.end}`),
  );
  put(box, highlighted(sample, findings), table('Findings in the sample', FOUND_HEADS, rows));
  return box;
}

const FOUND_HEADS = ['Rule', 'Type', 'Likelihood', 'On results', 'Place'];

function highlighted(sample: string, findings: Tried['findings']): HTMLElement {
  const out = h('pre', { class: 'scroll', tabindex: '0', 'aria-label': 'Sample with its findings' });
  let at = 0;
  for (const { start, end, rule } of findings) {
    put(out, sample.slice(at, start), h('mark', { title: rule }, sample.slice(start, end)));
    at = end;
  }
  put(out, sample.slice(at));
  return out;
}

function diffOf(before: string, after: string): HTMLElement {
  const lines = lineDiff(before, after);
  if (lines.length === 0) return h('p', { class: 'soft' }, 'Nothing is changed.');
  const body = lines.map(({ sign, text }) => h('span', { class: CLASSES[sign] }, `${sign} ${text}\n`));
  return h('pre', { class: 'scroll', tabindex: '0', 'aria-label': 'What is changed' }, ...body);
}

const CLASSES = { '+': 'good', '-': 'bad', ' ': 'soft' } as const;

function historyOf(file: RuleFile, take: (text: string) => void): HTMLElement {
  const rows = file.history.map((edit) => {
    const load = () => {
      const query = { path: file.path, digest: edit.digest };
      ask<'ruleFile'>('/v1/rules/file', { query }).then(
        (old) => take(old.text),
        (error: Error) => say(error.message),
      );
    };
    const label = `Take the text of ${edit.digest.slice(0, 12)}`;
    return cells(
      moment(edit.at),
      edit.by,
      edit.why,
      edit.digest.slice(0, 12),
      h('button', { type: 'button', click: load }, label),
    );
  });
  return table('Edits, newest first', ['Time', 'By', 'Reason', 'Digest', ''], rows);
}
