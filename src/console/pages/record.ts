/** The record: verified now, searched, proved entry by entry, exported. */

import type { AnswerOf } from '../../admin/contract.ts';
import { ask, post, send } from '../api.ts';
import { badge, button, h, link } from '../dom.ts';
import { bytes, count, moment, plural, short, span } from '../format.ts';
import type { Page, PageContext } from '../page.ts';
import { sayEvent, stateOf, textOf } from '../parts/event-text.ts';
import { facts, field, loading, pageHead, problem } from '../parts/layout.ts';
import { row, table } from '../parts/table.ts';
import { verdictAddress } from './rule-verdicts.ts';

type Logged = AnswerOf<'auditQuery'>['events'][number];

const TYPES = [
  '',
  'decision',
  'flow.closed',
  'guard.verdict',
  'task.admitted',
  'task.finished',
  'control.changed',
  'control.pending',
  'admin.access',
  'bundle.loaded',
  'rules.loaded',
  'node.started',
  'node.recovered',
  'fleet.lease',
  'log.pruned',
  'tenant.shredded',
];
const TEXTS = ['tenant', 'task', 'host', 'reason', 'category', 'capability', 'id', 'text'] as const;
const PAGE = 100;

let first: HTMLElement | null = null;
/** Searches so far: only the answer to the last is shown, in whatever order they come. */
let searches = 0;

export const record: Page = {
  path: '/console/record',
  title: 'Record',
  group: 'Watch',
  key: 'r',
  needs: 'auditQuery',
  keys: { '/': () => first?.focus() },
  show: async (context) => {
    const checkpoint = await ask<'auditCheckpoint'>('/v1/audit/checkpoint').catch(() => null);
    const told = h('div', { 'aria-live': 'polite' });
    const found = h('div', { class: 'stack' });
    const form = searchForm(context, found);
    context.place.replaceChildren(
      pageHead(
        'Record',
        checkpoint === null
          ? 'Nothing is under a signed checkpoint yet.'
          : h(
              'span',
              {},
              `${plural(checkpoint.size, 'entry', 'entries')} under the last signed checkpoint · root `,
              h('code', { title: checkpoint.root }, short(checkpoint.root)),
            ),
        button('Verify now', () => void verify(told), { class: 'primary' }),
        exportButton(told),
      ),
      told,
      form,
      found,
    );
    await search(context, found);
  },
};

function searchForm(context: PageContext, found: HTMLElement): HTMLFormElement {
  const { query, setQuery } = context;
  const type = h(
    'select',
    { name: 'type' },
    ...TYPES.map((name) =>
      h('option', { value: name, selected: query.get('type') === name }, name === '' ? 'every type' : name),
    ),
  );
  const effect = h(
    'select',
    { name: 'effect' },
    ...['', 'allow', 'deny'].map((name) =>
      h('option', { value: name, selected: query.get('effect') === name }, name === '' ? 'any' : name),
    ),
  );
  const inputs = TEXTS.map((name) =>
    h('input', { name, value: query.get(name) ?? '', autocomplete: 'off', spellcheck: 'false' }),
  );
  const since = h('input', { name: 'since', type: 'datetime-local', value: localOf(query.get('since')) });
  const until = h('input', { name: 'until', type: 'datetime-local', value: localOf(query.get('until')) });
  first = type;
  const submit = (event: Event) => {
    event.preventDefault();
    for (const control of [type, effect, ...inputs]) setQuery(control.name, control.value.trim());
    for (const { name, value } of [since, until]) setQuery(name, value === '' ? '' : String(new Date(value).getTime()));
    search(context, found).catch((error: Error) => found.replaceChildren(problem(error.message)));
  };
  return h(
    'form',
    { class: 'filters', submit },
    field('Type', type),
    field('Effect', effect),
    ...TEXTS.map((name, i) =>
      field(
        name === 'id' ? 'Id of event or decision' : `${name.charAt(0).toUpperCase()}${name.slice(1)}`,
        inputs[i] as HTMLInputElement,
      ),
    ),
    field('Since', since),
    field('Until', until),
    h('button', { type: 'submit', class: 'primary' }, 'Search'),
  );
}

/** For an input of local date and time; empty when it is none. */
function localOf(ms: string | null): string {
  if (ms === null || !/^\d+$/.test(ms)) return '';
  const date = new Date(Number(ms));
  if (Number.isNaN(date.getTime())) return '';
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

async function search(context: PageContext, found: HTMLElement, before?: number): Promise<void> {
  const { query } = context;
  const wanted: Record<string, string | number> = { limit: PAGE };
  for (const name of ['type', 'effect', 'since', 'until', ...TEXTS]) {
    const value = query.get(name);
    if (value !== null && value !== '') wanted[name] = value;
  }
  if (before !== undefined) wanted['before'] = before;
  searches += 1;
  const mine = searches;
  const { events } = await ask<'auditQuery'>('/v1/audit', { query: wanted });
  if (mine !== searches) return;
  const rows = events.map((one) => rowOf(one));
  const last = events.at(-1)?.seq;
  const more =
    events.length < PAGE || last === undefined
      ? null
      : button('Older entries', () => void search(context, found, last));
  found.replaceChildren(
    table({
      caption:
        before === undefined
          ? `${plural(events.length, 'entry', 'entries')}, newest first`
          : `${plural(events.length, 'entry', 'entries')} before ${count(before)}`,
      columns: [{ head: 'Entry', number: true }, 'Time', 'Type', 'State', 'Tenant', 'What', ''],
      rows,
      empty: { title: 'No entry fits', text: 'Leave out a condition, or look further back.' },
    }),
    ...(more === null ? [] : [h('div', { class: 'actions' }, more)]),
  );
}

function rowOf({ seq, event }: Logged): HTMLTableRowElement {
  const detail = h('div', { 'aria-live': 'polite' });
  return row(
    { number: count(seq) },
    moment(textOf(event, 'time')),
    h('code', {}, textOf(event, 'type')),
    stateOf(event),
    textOf(event, 'tenant') || '–',
    h(
      'div',
      {},
      h(
        'details',
        {},
        h('summary', {}, sayEvent(event) || 'whole'),
        h('pre', { tabindex: '0' }, JSON.stringify(event, null, 2)),
        detail,
      ),
      textOf(event, 'type') === 'guard.verdict' &&
        h('div', { class: 'sub tall' }, link(verdictAddress(event), 'its rules')),
    ),
    h(
      'div',
      { class: 'acts' },
      button('Prove', () => void prove(seq, detail), { 'aria-label': `Prove ${seq}` }),
    ),
  );
}

async function prove(seq: number, place: HTMLElement): Promise<void> {
  const details = place.closest('details');
  if (details) details.open = true;
  place.replaceChildren(loading());
  try {
    const proof = await ask<'auditProof'>(`/v1/audit/proof/${seq}`);
    place.replaceChildren(
      h(
        'div',
        { class: 'receipt' },
        h(
          'div',
          { class: 'receipt-head' },
          badge('good', 'proved'),
          h('strong', {}, `Inclusion proof of entry ${seq}`),
        ),
        h(
          'p',
          {},
          `${proof.proof.length} hashes lead from the entry to the signed checkpoint. `,
          download(JSON.stringify(proof), `entry-${seq}.proof.json`),
          '; ',
          h('code', {}, 'locktender audit verify'),
          ' and docs/verify_proof.py check it with the public key alone.',
        ),
        h('pre', { tabindex: '0' }, proof.checkpoint),
      ),
    );
  } catch (error) {
    place.replaceChildren(problem(error instanceof Error ? error.message : 'it failed'));
  }
}

async function verify(told: HTMLElement): Promise<void> {
  told.replaceChildren(h('div', { class: 'receipt' }, h('p', {}, 'Verifying the whole log …'), loading()));
  try {
    const seen = await post<'auditVerify'>('/v1/audit/verify', {});
    const speed =
      seen.took_ms > 0 ? `${count(Math.round(seen.checked / (seen.took_ms / 1000)))} entries a second` : '–';
    told.replaceChildren(
      h(
        'section',
        { class: seen.ok ? 'receipt' : 'problem', 'data-verified': String(seen.ok), 'aria-label': 'Verification' },
        h(
          'div',
          { class: 'receipt-head' },
          seen.ok ? badge('good', 'verified') : badge('bad', 'NOT VERIFIED'),
          h(
            'strong',
            {},
            seen.ok ? `${count(seen.size)} entries, every hash and every signature` : JSON.stringify(seen.fault),
          ),
          h(
            'span',
            { class: 'actions' },
            button('Put away', () => told.replaceChildren()),
          ),
        ),
        facts([
          ['Took', `${span(seen.took_ms)}, ${speed}`],
          ['Beyond the checkpoint', count(seen.journalled)],
          ['Signed checkpoints', count(seen.checkpoints)],
          ['Read', bytes(seen.bytes)],
          ['First entry kept', count(seen.first_kept)],
          ['Witnesses', seen.witnesses.join(', ') || 'none'],
          ['Root', h('code', {}, seen.root ?? '–')],
        ]),
      ),
    );
  } catch (error) {
    told.replaceChildren(problem(error instanceof Error ? error.message : 'it failed'));
  }
}

function exportButton(told: HTMLElement): HTMLElement {
  const format = h(
    'select',
    { name: 'format', 'aria-label': 'Format of the export' },
    ...['jsonl', 'ocsf', 'cloudevents'].map((name) => h('option', { value: name }, name)),
  );
  let kept: HTMLAnchorElement | null = null;
  const go = async () => {
    told.replaceChildren(h('p', { class: 'soft' }, 'Reading the whole record …'));
    try {
      const response = await send('/v1/audit/export', { query: { format: format.value } });
      const file = await response.blob();
      const name = `locktender-record-${format.value}.jsonl`;
      // The tab would hold every export until it is closed.
      if (kept !== null) URL.revokeObjectURL(kept.href);
      const save = downloadOf(file, name);
      kept = save;
      told.replaceChildren(h('p', { class: 'receipt' }, save, ` (${bytes(file.size)})`));
      save.click();
    } catch (error) {
      told.replaceChildren(problem(error instanceof Error ? error.message : 'it failed'));
    }
  };
  return h(
    'span',
    { class: 'joined' },
    format,
    button('Export', () => void go()),
  );
}

const download = (text: string, name: string): HTMLAnchorElement =>
  downloadOf(new Blob([text], { type: 'application/json' }), name);

function downloadOf(file: Blob, name: string): HTMLAnchorElement {
  return h('a', { href: URL.createObjectURL(file), download: name }, `Save ${name}`);
}
