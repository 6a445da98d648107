/** The DLP rules: which there are, by file; the way to their editor and to what they found. */

import type { AnswerOf } from '../../admin/contract.ts';
import { ask } from '../api.ts';
import { badge, h, link, risk } from '../dom.ts';
import { count, plural, short } from '../format.ts';
import type { Page, PageContext } from '../page.ts';
import { field, pageHead } from '../parts/layout.ts';
import { row, table } from '../parts/table.ts';
import { showFile } from './rule-file.ts';
import { ruleAddress, showVerdict } from './rule-verdicts.ts';

type Rules = AnswerOf<'ruleList'>;

let search: HTMLInputElement | null = null;

export const rules: Page = {
  path: '/console/rules',
  title: 'Rules',
  group: 'Author',
  key: 'u',
  needs: 'ruleList',
  keys: { '/': () => search?.focus() },
  show: (context) => {
    const [file, verdict] = [context.query.get('file'), context.query.get('verdict')];
    if (file !== null) return showFile(context, file);
    return verdict === null ? showList(context) : showVerdict(context, verdict);
  },
};

async function showList(context: PageContext): Promise<void> {
  const { query, setQuery, may } = context;
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
  context.place.replaceChildren(
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
        h('div', {}, link(ruleAddress(rule), rule.id), h('div', { class: 'sub' }, rule.description)),
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
