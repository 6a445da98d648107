/** Policy: the bundle in force, its contracts, what a candidate would change, and one request asked. */

import type { AnswerOf } from '../../admin/contract.ts';
import { ask, post } from '../api.ts';
import { badge, h, link } from '../dom.ts';
import { count, moment, plural, short } from '../format.ts';
import type { Page, PageContext } from '../page.ts';
import { diffBox } from '../parts/diff-box.ts';
import { card, chips, choices, facts, field, loading, pageHead, problem } from '../parts/layout.ts';
import { row, table } from '../parts/table.ts';
import { askForm, effectOf, replayForm, wrong } from './policy-asks.ts';
import { learnForm } from './policy-learn.ts';

type Bundle = AnswerOf<'policyBundle'>;

const TABS = [
  ['', 'In force'],
  ['contracts', 'Contracts'],
  ['diff', 'Differences'],
  ['replay', 'Replay'],
  ['learn', 'Learn'],
  ['ask', 'Ask'],
] as const;

export const policy: Page = {
  path: '/console/policy',
  title: 'Policy',
  group: 'Author',
  key: 'o',
  show: async (context) => {
    const { query, setQuery } = context;
    const bundle = await ask<'policyBundle'>('/v1/policy');
    const body = h('div', { class: 'stack' });
    const open = (tab: string) => {
      setQuery('tab', tab);
      body.replaceChildren(...panel(tab, bundle, context));
    };
    const tab = query.get('tab') ?? '';
    context.place.replaceChildren(
      pageHead(
        'Policy',
        h(
          'span',
          {},
          'Bundle ',
          h('code', { title: bundle.digest }, short(bundle.digest)),
          ' since ',
          moment(bundle.loaded_at),
        ),
        choices('Part', TABS, { value: tab, choose: open }),
      ),
      body,
    );
    open(tab);
  },
};

function panel(tab: string, bundle: Bundle, context: PageContext): Node[] {
  // A candidate is a directory on the machine of the gate: who may not read the record may not look there either.
  if (!context.may('policyDiff') && ['contracts', 'diff', 'replay', 'learn'].includes(tab))
    return [problem(`Your role, ${context.me.role}, may not look at this.`)];
  if (tab === 'contracts')
    return [candidateForm(context, { title: 'Run the contracts', optional: true, act: 'Run', run: contracts })];
  if (tab === 'diff')
    return [
      candidateForm(context, { title: 'What a candidate changes', optional: false, act: 'Compare', run: differences }),
    ];
  if (tab === 'replay') return [replayForm(context)];
  if (tab === 'learn') return [learnForm(context)];
  if (tab === 'ask') return [askForm(context, bundle)];
  return inForce(bundle, context);
}

function inForce(bundle: Bundle, context: PageContext): Node[] {
  const past = h('div');
  if (context.may('auditQuery')) void showPast(past);
  const told = h('div', { 'aria-live': 'polite' });
  return [
    h(
      'div',
      { class: 'grid wide' },
      card(
        'The bundle',
        facts([
          ['Digest', h('code', { title: bundle.digest }, bundle.digest.slice(0, 32))],
          ['Loaded', moment(bundle.loaded_at)],
          ['Capabilities', link('/console/capabilities', count(bundle.capabilities))],
          [
            'Profiles',
            h('span', {}, link('/console/profiles', count(bundle.profiles.length)), ' ', chips(bundle.profiles, 8)),
          ],
          ['Classes', chips(bundle.classes, 8)],
        ]),
        told,
        context.may('policyReload') && reloadForm(told),
      ),
      card(
        `${bundle.files.length} files`,
        h(
          'div',
          { class: 'files', tabindex: '0', role: 'region', 'aria-label': 'Files of the bundle' },
          h('ul', { class: 'plain' }, ...bundle.files.map((file) => h('li', {}, h('code', {}, file)))),
        ),
      ),
    ),
    past,
  ];
}

function reloadForm(told: HTMLElement): HTMLElement {
  const why = h('input', { name: 'why', required: true, autocomplete: 'off', maxlength: '500' });
  const go = async () => {
    told.replaceChildren(loading());
    try {
      const { loaded, digest, problems } = await post<'policyReload'>('/v1/policy/reload', { why: why.value });
      const text = loaded ? `In force: ${short(digest)}.` : 'Refused; what was in force still is.';
      told.replaceChildren(
        loaded
          ? h('p', { class: 'receipt' }, text)
          : problem(text, ...problems.map((one) => h('p', {}, `${one.file}:${one.line}: ${one.message}`))),
      );
    } catch (error) {
      told.replaceChildren(problem(error instanceof Error ? error.message : 'it failed'));
    }
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void go();
  };
  return h(
    'form',
    { class: 'beside', submit },
    field('Reason, kept in the record', why),
    h('button', { type: 'submit' }, 'Read the files again'),
  );
}

async function showPast(place: HTMLElement): Promise<void> {
  const { events } = await ask<'auditQuery'>('/v1/audit', { query: { type: 'bundle.loaded', limit: 50 } });
  const rows = events.map(({ seq, event }) => {
    const digest = String(event['bundle']);
    const refused = event['refused'];
    return row(
      moment(String(event['time'])),
      { mono: short(digest) },
      refused === null
        ? badge('good', 'loaded')
        : h('div', {}, badge('bad', 'refused'), h('div', { class: 'sub' }, String(refused))),
      h('code', {}, String(seq)),
      link(`/console/policy?tab=diff&bundle=${digest}`, 'Compare with what is in force'),
    );
  });
  place.replaceChildren(
    table({
      caption: 'Bundles that were loaded or refused, newest first',
      columns: ['Time', 'Digest', 'Outcome', 'Entry', ''],
      rows,
      empty: { title: 'None is on record' },
    }),
  );
}

interface Candidate {
  readonly title: string;
  readonly optional: boolean;
  readonly act: string;
  readonly run: (bundle: string | null) => Promise<Node[]>;
}

function candidateForm({ query, setQuery }: PageContext, { title, optional, act, run }: Candidate): HTMLElement {
  const input = h('input', {
    name: 'bundle',
    required: !optional,
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: optional ? 'empty: what is in force' : '/etc/locktender/rules-next, or a digest',
    value: query.get('bundle') ?? '',
  });
  const out = h('div', { class: 'stack', 'aria-live': 'polite' });
  const go = async () => {
    setQuery('bundle', input.value.trim());
    out.replaceChildren(loading());
    out.replaceChildren(...(await run(input.value.trim() || null).catch(wrong)));
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void go();
  };
  if (optional || input.value !== '') queueMicrotask(() => void go());
  return h(
    'div',
    { class: 'stack' },
    card(
      title,
      h(
        'form',
        { class: 'filters', submit },
        field(
          'Candidate',
          input,
          'A directory of rules on the machine of the gate, or the digest of a bundle that was in force.',
        ),
        h('button', { type: 'submit', class: 'primary' }, act),
      ),
    ),
    out,
  );
}

async function contracts(bundle: string | null): Promise<Node[]> {
  const { digest, contracts: all } = await post<'policyContracts'>('/v1/policy/contracts', { bundle });
  const broken = all.filter((one) => one.broken !== null);
  const sorted = [...broken, ...all.filter((one) => one.broken === null)];
  const rows = sorted.map((one) =>
    row(
      one.broken === null ? badge('good', 'holds') : badge('bad', 'broken'),
      one.name,
      { mono: `${one.file}:${one.line}` },
      one.broken ?? '',
    ),
  );
  return [
    h(
      'p',
      {},
      broken.length === 0
        ? badge('good', `all ${all.length} contracts hold`)
        : badge('bad', `${broken.length} of ${all.length} contracts are broken`),
      ' under ',
      h('code', {}, short(digest)),
    ),
    table({
      caption: 'Contracts',
      columns: ['State', 'Contract', 'File', 'What came out'],
      rows,
      empty: {
        title: 'The bundle has no contract',
        text: 'Write tables of given and expected in rules/policy/contracts/.',
      },
    }),
  ];
}

async function differences(bundle: string | null): Promise<Node[]> {
  const diff = await post<'policyDiff'>('/v1/policy/diff', { bundle });
  const tones = { added: 'good', removed: 'bad', changed: 'warn' } as const;
  const rows = diff.changes.map((one) =>
    row(
      badge(tones[one.change], one.change),
      one.kind,
      h('details', {}, h('summary', {}, h('code', {}, one.name)), diffBox(one.before ?? '', one.after ?? '')),
    ),
  );
  const requests = diff.requests.map((one) =>
    row(
      { number: count(one.count) },
      one.tenant,
      one.class,
      { mono: `${one.method} ${one.host}` },
      effectOf(one.before),
      effectOf(one.after),
      { mono: one.example },
    ),
  );
  return [
    h(
      'p',
      {},
      'From ',
      h('code', {}, short(diff.from)),
      ', in force, to ',
      h('code', {}, short(diff.to)),
      `: ${plural(diff.changes.length, 'change')}.`,
    ),
    table({
      caption: 'What differs',
      columns: ['Change', 'Kind', 'Name'],
      rows,
      empty: { title: 'No difference', text: 'Both compile to the same policy.' },
    }),
    table({
      caption: `Requests of the contracts that are decided otherwise (${count(diff.compared)} compared)`,
      columns: [{ head: 'Count', number: true }, 'Tenant', 'Class', 'Request', 'Before', 'After', 'Example'],
      rows: requests,
      empty: {
        title: 'No request of a contract is decided otherwise',
        text: 'Replay asks the same of recorded traffic.',
      },
    }),
  ];
}
