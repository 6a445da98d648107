/** One file of rules in an editor: its tests, samples to try it on, what it would change, saving, its history. */

import type { AnswerOf } from '../../admin/contract.ts';
import { ApiFault, ask, post } from '../api.ts';
import { badge, button, h, link, say } from '../dom.ts';
import { moment, short } from '../format.ts';
import type { PageContext } from '../page.ts';
import { diffBox } from '../parts/diff-box.ts';
import { card, field, loading, pageHead, problem } from '../parts/layout.ts';
import { row, table } from '../parts/table.ts';
import { sampleSources } from './rule-samples.ts';
import { problemList, triedBox } from './rule-trial.ts';
import { showFoundBy } from './rule-verdicts.ts';

/** Digest null: the file is new. */
type RuleFile = Omit<AnswerOf<'ruleFile'>, 'digest'> & { digest: string | null };

/** The editor of one file. */
export async function showFile(context: PageContext, path: string): Promise<void> {
  const { may, signal } = context;
  const file = await fileAt(path);
  const fields = fieldsOf(file);
  const { text, sample, why } = fields;
  const told = h('div', { 'aria-live': 'polite' });
  const [changes, found, sources] = [h('div'), h('div'), h('div')];
  const failed = (error: Error) => told.replaceChildren(problem(error.message));
  const attempt = () => {
    told.replaceChildren(loading());
    post<'ruleTry'>('/v1/rules/try', { path, text: text.value, sample: sample.value }).then(
      (tried) => told.replaceChildren(triedBox(tried, sample.value)),
      failed,
    );
  };
  const take = (given: string) => {
    sample.value = given;
    attempt();
  };
  const draw = () => {
    changes.replaceChildren(diffBox(file.text, text.value));
    sources.replaceChildren(sampleSources(file.rules, context, take));
  };
  const save = (event: Event) => {
    event.preventDefault();
    told.replaceChildren(loading());
    saved(file, { text: text.value, why: why.value }).then((box) => {
      told.replaceChildren(box);
      draw();
    }, failed);
  };
  context.place.replaceChildren(
    pageHead(path, h('span', {}, link('/console/rules', 'All rules'), ` · ${stateOf(file)}`)),
    h(
      'form',
      { submit: save, class: 'editor' },
      h('div', {}, field('Rules and their tests (YAML)', text), changes),
      h(
        'div',
        {},
        sources,
        field('Sample to try them on', sample, 'Scanned and forgotten. Control+Enter in either field runs it.'),
        h('div', { class: 'actions start' }, button('Run tests and try', attempt)),
        told,
        savingOf(why, may('ruleSave')),
      ),
    ),
    historyOf(file, (old) => {
      text.value = old;
      changes.replaceChildren(diffBox(file.text, old));
    }),
    found,
  );
  text.addEventListener('input', () => changes.replaceChildren(diffBox(file.text, text.value)));
  for (const area of [text, sample]) {
    area.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && event.ctrlKey) attempt();
    });
  }
  draw();
  void showFoundBy(file.rules, found, signal);
  // A rule that the address names is gone to, and shown on its own first sample.
  const asked = file.rules.find(({ id }) => id === context.query.get('rule'));
  if (asked === undefined) return;
  goTo(text, asked.id);
  take(asked.match[0] ?? '');
}

interface Fields {
  readonly text: HTMLTextAreaElement;
  readonly sample: HTMLTextAreaElement;
  readonly why: HTMLInputElement;
}

function fieldsOf(file: RuleFile): Fields {
  const area = (name: string, rows: string, placeholder: string) =>
    h('textarea', { name, rows, placeholder, spellcheck: 'false', class: 'code', autocomplete: 'off' });
  const text = area('text', '26', '');
  text.value = file.text;
  return {
    text,
    sample: area('sample', '8', 'paste a tool result here'),
    why: h('input', { name: 'why', maxlength: '500', autocomplete: 'off', required: true }),
  };
}

function savingOf(why: HTMLInputElement, may: boolean): HTMLElement {
  return h(
    'div',
    { class: 'saving' },
    may
      ? field('Reason, kept in the record', why)
      : h('p', { class: 'soft' }, 'Your role may try rules and not save them.'),
    may && h('button', { type: 'submit', class: 'primary' }, 'Save and bring into force'),
  );
}

/** Brings the line of a rule to the top of the editor. */
function goTo(text: HTMLTextAreaElement, rule: string): void {
  const lines = text.value.split('\n');
  const at = lines.findIndex((line) => line.replace(/['"]/g, '').trim().replace(/^- /, '') === `id: ${rule}`);
  if (at > 0) text.scrollTop = at * Number.parseFloat(getComputedStyle(text).lineHeight);
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
    return { path, text: TEMPLATE, digest: null, edited: false, history: [], rules: [] };
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
