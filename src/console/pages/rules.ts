/** The DLP rules: which there are, and each file of them in an editor with its tests, a sample and its history. */

import type { AnswerOf } from '../../admin/contract.ts';
import { ApiFault, ask, post } from '../api.ts';
import { badge, button, h, link, put, risk, say } from '../dom.ts';
import { count, moment, plural, short } from '../format.ts';
import type { Page, PageContext } from '../page.ts';
import { diffBox } from '../parts/diff-box.ts';
import { card, field, loading, pageHead, problem, stat } from '../parts/layout.ts';
import { row, table } from '../parts/table.ts';

type Rules = AnswerOf<'ruleList'>;
/** Digest null: the file is new. */
type RuleFile = Omit<AnswerOf<'ruleFile'>, 'digest'> & { digest: string | null };
type Tried = AnswerOf<'ruleTry'>;

let search: HTMLInputElement | null = null;

export const rules: Page = {
  path: '/console/rules',
  title: 'Rules',
  group: 'Author',
  key: 'u',
  needs: 'ruleList',
  keys: { '/': () => search?.focus() },
  show: (context) => {
    const file = context.query.get('file');
    return file === null ? showList(context) : showFile(context, file);
  },
};

async function showList({ place, query, setQuery, may }: PageContext): Promise<void> {
  const all = await ask<'ruleList'>('/v1/rules');
  const found = h('div');
  const input = h('input', {
    name: 'q',
    type: 'search',
    value: query.get('q') ?? '',
    autocomplete: 'off',
    placeholder: 'name, type or what it finds',
  });
  search = input;
  const draw = () => {
    setQuery('q', input.value);
    found.replaceChildren(ruleTable(all, input.value.toLowerCase()));
  };
  input.addEventListener('input', draw);
  const files = all.files.map((file) =>
    row(
      link(`/console/rules?file=${encodeURIComponent(file.path)}`, file.path),
      { number: count(file.rules) },
      file.edited ? badge('warn', 'edited here', 'flag') : badge('soft', 'as it ships'),
    ),
  );
  place.replaceChildren(
    pageHead(
      'Rules',
      h(
        'span',
        {},
        `${count(all.rules.length)} rules in ${all.files.length} files find secrets, personal data and injections; digest `,
        h('code', {}, short(all.digest)),
        '.',
      ),
    ),
    h(
      'form',
      { class: 'toolbar', submit: (event: Event) => event.preventDefault() },
      h('label', { class: 'grow' }, h('span', { class: 'visually-hidden' }, 'Search rules'), input),
    ),
    found,
    h('h2', {}, 'Files'),
    may('ruleSave') ? newFile() : h('span'),
    table({ caption: 'Files of rules', columns: ['File', { head: 'Rules', number: true }, 'State'], rows: files }),
  );
  draw();
}

function newFile(): HTMLElement {
  const name = h('input', { name: 'name', pattern: '[a-z0-9][a-z0-9\\-]*', required: true, autocomplete: 'off' });
  const open = (event: Event) => {
    event.preventDefault();
    location.assign(`/console/rules?file=${encodeURIComponent(`dlp/${name.value}.yaml`)}`);
  };
  return h(
    'form',
    { class: 'filters', submit: open },
    field('Name of a new file', name),
    h('button', { type: 'submit' }, 'Begin a file'),
  );
}

/** More rows than one reads are not drawn. */
const MOST_ROWS = 200;

const SEARCHED: Readonly<Record<string, string>> = {
  literal: 'by a literal',
  byte: 'by a byte',
  prefix: 'by a prefix',
  everything: 'everywhere: dear',
};

function ruleTable({ rules: all }: Rules, wanted: string): HTMLElement {
  const fits = all.filter((rule) =>
    [rule.id, rule.info_type, rule.kind, rule.description].join(' ').toLowerCase().includes(wanted),
  );
  const rows = fits
    .slice(0, MOST_ROWS)
    .map((rule) =>
      row(
        h(
          'div',
          {},
          link(`/console/rules?file=${encodeURIComponent(rule.file)}`, rule.id),
          h('div', { class: 'sub' }, rule.description),
        ),
        h('code', {}, rule.info_type),
        rule.kind,
        risk(rule.severity),
        rule.likelihood.toLowerCase().replaceAll('_', ' '),
        rule.on_result,
        rule.on_request,
        SEARCHED[rule.searched_by] ?? rule.searched_by,
      ),
    );
  const shown = fits.length > MOST_ROWS ? `, the first ${MOST_ROWS} shown` : '';
  return table({
    caption: `${plural(fits.length, 'rule')}${shown}`,
    columns: ['Rule', 'Type', 'Kind', 'Severity', 'Likelihood', 'On results', 'On requests', 'Searched'],
    rows,
    empty: { title: 'No rule fits', text: 'Begin a file of your own below.' },
  });
}

async function showFile({ place, may }: PageContext, path: string): Promise<void> {
  const file = await fileAt(path);
  const text = h('textarea', { name: 'text', rows: '26', spellcheck: 'false', class: 'code', autocomplete: 'off' });
  text.value = file.text;
  const sample = h('textarea', {
    name: 'sample',
    rows: '8',
    spellcheck: 'false',
    class: 'code',
    autocomplete: 'off',
    placeholder: 'paste a tool result here',
  });
  const why = h('input', { name: 'why', maxlength: '500', autocomplete: 'off', required: true });
  const told = h('div', { 'aria-live': 'polite' });
  const changes = h('div');
  const draw = () => changes.replaceChildren(diffBox(file.text, text.value));
  text.addEventListener('input', draw);
  const failed = (error: Error) => told.replaceChildren(problem(error.message));
  const attempt = () => {
    told.replaceChildren(loading());
    post<'ruleTry'>('/v1/rules/try', { path, text: text.value, sample: sample.value }).then(
      (tried) => told.replaceChildren(triedBox(tried, sample.value)),
      failed,
    );
  };
  const save = (event: Event) => {
    event.preventDefault();
    told.replaceChildren(loading());
    saved(file, { text: text.value, why: why.value }).then((box) => {
      told.replaceChildren(box);
      draw();
    }, failed);
  };
  const saving = may('ruleSave')
    ? [
        field('Reason, kept in the record', why),
        h('button', { type: 'submit', class: 'primary' }, 'Save and bring into force'),
      ]
    : [h('p', { class: 'soft' }, 'Your role may try rules and not save them.')];
  place.replaceChildren(
    pageHead(path, h('span', {}, link('/console/rules', 'All rules'), ` · ${stateOf(file)}`)),
    h(
      'form',
      { submit: save, class: 'editor' },
      h('div', {}, field('Rules and their tests (YAML)', text), changes),
      h(
        'div',
        {},
        field('Sample to try them on', sample, 'Scanned and forgotten. Control+Enter in either field runs it.'),
        h('div', { class: 'actions start' }, button('Run tests and try', attempt)),
        told,
        h('div', { class: 'saving' }, ...saving),
      ),
    ),
    historyOf(file, (old) => {
      text.value = old;
      draw();
    }),
  );
  for (const area of [text, sample]) {
    area.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && event.ctrlKey) attempt();
    });
  }
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
  const { loaded, digest, problems } = await post<'ruleSave'>('/v1/rules/file', body);
  if (!loaded) return problemList(problems);
  // What is edited next begins from here.
  Object.assign(file, await ask<'ruleFile'>('/v1/rules/file', { query: { path: file.path } }));
  const text = `In force from now on; the digest of the rules is ${short(digest)}.`;
  say(text);
  return h(
    'div',
    { class: 'receipt', 'data-digest': digest },
    h('div', { class: 'receipt-head' }, badge('good', 'saved'), h('strong', {}, text)),
  );
}

function problemList(problems: Tried['problems']): HTMLElement {
  const rows = problems.map((one) => h('li', {}, h('code', {}, `${one.file}:${one.line}`), `: ${one.message}`));
  return problem('Not in force:', h('ul', {}, ...rows));
}

function triedBox(tried: Tried, sample: string): HTMLElement {
  const { problems, rules: compiled, findings, cost, past } = tried;
  if (problems.length > 0) return problemList(problems);
  const dear = compiled.filter((one) => one.searched_by === 'everything').map((one) => one.id);
  const box = h(
    'div',
    { class: 'receipt' },
    h(
      'div',
      { class: 'receipt-head' },
      badge('good', 'tests pass'),
      h('strong', {}, `${plural(compiled.length, 'rule')} compile`),
    ),
  );
  put(
    box,
    h(
      'div',
      { class: 'stats' },
      stat(
        'Cost of these rules',
        `${cost.us_per_kb.toFixed(2)} µs/KB`,
        `all rules in force: ${cost.all_us_per_kb.toFixed(2)} µs/KB`,
      ),
      stat(
        'Past clean results',
        past.samples === 0 ? 'none kept' : `${past.tripped} of ${past.samples}`,
        past.samples === 0 ? past.note : 'would have tripped',
      ),
      stat('In the sample', sample === '' ? '–' : plural(findings.length, 'finding')),
    ),
  );
  if (dear.length > 0)
    put(box, h('p', {}, `Run over every text, since no anchor could be derived: ${dear.join(', ')}.`));
  if (past.hits.length > 0) put(box, pastTable(past));
  if (sample === '') return box;
  const rows = findings.map((one) =>
    row(one.rule, h('code', {}, one.info_type), one.likelihood, one.action, { mono: `${one.start}–${one.end}` }),
  );
  put(
    box,
    highlighted(sample, findings),
    table({
      caption: 'Findings in the sample',
      columns: ['Rule', 'Type', 'Likelihood', 'On results', 'Place'],
      rows,
      empty: { title: 'Nothing is found in the sample' },
    }),
  );
  return box;
}

function pastTable({ hits }: Tried['past']): HTMLElement {
  const rows = hits.map((one) => row(one.rule, moment(one.at), one.tenant, h('code', {}, one.excerpt)));
  return table({
    caption: 'Clean results that these rules would have tripped on',
    columns: ['Rule', 'When', 'Tenant', 'Where'],
    rows,
  });
}

function highlighted(sample: string, findings: Tried['findings']): HTMLElement {
  const out = h('pre', { class: 'sample', tabindex: '0', role: 'region', 'aria-label': 'Sample with its findings' });
  let at = 0;
  for (const { start, end, rule } of findings) {
    put(out, sample.slice(at, start), h('mark', { title: rule }, sample.slice(start, end)));
    at = end;
  }
  put(out, sample.slice(at));
  return out;
}

function historyOf(file: RuleFile, take: (text: string) => void): HTMLElement {
  const rows = file.history.map((edit) => {
    const load = () => {
      const query = { path: file.path, digest: edit.digest };
      ask<'ruleFile'>('/v1/rules/file', { query }).then(
        (old) => take(old.text),
        (error: Error) => say(error.message),
      );
    };
    return row(
      moment(edit.at),
      edit.by,
      edit.why,
      { mono: short(edit.digest) },
      button('Take this text', load, { 'aria-label': `Take the text of ${short(edit.digest)}` }),
    );
  });
  return card(
    'History',
    table({
      caption: 'Edits, newest first',
      columns: ['Time', 'By', 'Reason', 'Digest', ''],
      rows,
      empty: { title: 'Not edited here yet', text: 'Each text that was in force stays readable.' },
    }),
  );
}
