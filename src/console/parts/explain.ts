/** One decision explained: what it relied on, what would have allowed it, and the ways to change it. */

import { ask, post } from '../api.ts';
import { button, h, link, openDialog, verdict } from '../dom.ts';
import { moment } from '../format.ts';
import type { Decision } from '../live-groups.ts';
import type { PageContext } from '../page.ts';
import { change } from './change.ts';
import { chips, facts, loading } from './layout.ts';
import { showReceipt } from './receipt.ts';

export function explain(decision: Decision, context: PageContext): void {
  const { host } = decision.input;
  const remedy = h('div', { 'aria-live': 'polite' });
  const act = (what: 'allow' | 'deny') => {
    dialog.close();
    void override(what, { host: host ?? '', tenant: decision.tenant }, context);
  };
  const whole = h('pre', { tabindex: '0' }, JSON.stringify(decision, null, 2));
  const dialog = openDialog(
    { 'aria-labelledby': 'explain-title', class: 'sheet' },
    h('h2', { id: 'explain-title' }, verdict(decision.effect), ' ', host ?? 'a request'),
    factsOf(decision),
    remedy,
    h('details', {}, h('summary', {}, 'The entry, whole'), whole),
    h(
      'div',
      { class: 'actions' },
      button('Close', () => dialog.close()),
      host !== null && context.may('hostDeny') && button('Deny this host …', () => act('deny')),
      host !== null && context.may('hostAllow') && button('Allow this host …', () => act('allow')),
    ),
  );
  dialog.addEventListener('click', (event) => {
    if ((event.target as Element).closest('a')) dialog.close();
  });
  context.setQuery('decision', decision.id);
  dialog.addEventListener('close', () => context.setQuery('decision', ''));
  if (decision.effect === 'deny') void showRemedy(decision, remedy);
}

function factsOf(decision: Decision): HTMLElement {
  const { capability, categories, mode, task, tenant } = decision;
  return facts([
    ['Reason', h('code', {}, decision.reason)],
    ['Request', h('code', {}, requestOf(decision))],
    ['Rule', ruleOf(decision)],
    ['Capability', capability ?? '–'],
    ['Seen as', mode ?? 'not relayed'],
    ['Categories', chips(categories, 12)],
    ['Tenant', tenant ?? '–'],
    ['Task', task === null ? '–' : link(`/console/tasks?task=${encodeURIComponent(task)}`, task)],
    ['When', moment(decision.time)],
    ['It leans on', chips(decision.facts.map(shortFact), 20)],
    ['Decision', h('code', {}, decision.id)],
  ]);
}

/** A digest is told apart by its beginning. */
const shortFact = (fact: string): string => fact.replace(/:[0-9a-f]{64}$/, (digest) => `${digest.slice(0, 13)}…`);

function requestOf({ input }: Decision): string {
  const { method, path } = input;
  return `${method} ${urlOf(input, '')}${path ?? ''}`;
}

function urlOf({ scheme, host, port }: Decision['input'], fallback: string): string {
  // A tunnel has no scheme of its own; what is asked again is the request that it is most likely for.
  const start = scheme === null || scheme === 'tcp' ? fallback : scheme;
  return `${start === '' ? '' : `${start}://`}${host ?? ''}${port === null ? '' : `:${port}`}`;
}

function ruleOf({ rule }: Decision): string {
  if (rule === null) return 'no rule: denied by default';
  const at = rule.file === null || rule.file === undefined ? '' : ` · ${rule.file}`;
  return `${rule.id}${at}${rule.line ? `:${rule.line}` : ''}`;
}

/** What is in force now may differ from what was then: it is asked again. */
async function showRemedy({ tenant, input }: Decision, place: Element): Promise<void> {
  if (tenant === null || input.host === null) return;
  place.replaceChildren(loading());
  const url = `${urlOf(input, 'https')}${input.path ?? '/'}`;
  const question = {
    tenant,
    class: input.class,
    profile: input.profile,
    risk: input.risk ?? 0,
    method: input.method === 'CONNECT' ? 'GET' : input.method,
    url,
  };
  try {
    const now = await post<'policyExplain'>('/v1/policy/explain', question);
    const ways = now.would_allow.map((way) => h('li', {}, h('code', {}, way)));
    place.replaceChildren(
      h('h3', {}, 'Asked again now'),
      h('p', {}, verdict(now.effect), ' ', h('code', {}, now.reason)),
      ways.length === 0
        ? h('p', { class: 'soft' }, 'Nothing less than another policy would allow it.')
        : h('div', {}, h('p', {}, 'The smallest changes that would allow it:'), h('ul', {}, ...ways)),
    );
  } catch (error) {
    place.replaceChildren(h('p', { class: 'soft' }, error instanceof Error ? error.message : 'it could not be asked'));
  }
}

/** Allows or denies a host, for its tenant or for all, with what hangs on it shown before. */
export async function override(
  what: 'allow' | 'deny' | 'clear',
  { host, tenant }: { readonly host: string; readonly tenant: string | null },
  context: PageContext,
): Promise<boolean> {
  const seen = what === 'allow' ? (await ask<'controlList'>('/v1/controls')).version : undefined;
  const title = { allow: `Allow ${host}`, deny: `Deny ${host}`, clear: `Clear the override of ${host}` }[what];
  const done = await change({
    title,
    path: `/v1/hosts/${encodeURIComponent(host)}/${what}`,
    act: { allow: 'Allow', deny: 'Deny now', clear: 'Clear' }[what],
    danger: what === 'deny',
    preview: { kind: 'host', name: host },
    timed: what !== 'clear',
    tenant,
    ...(seen === undefined ? {} : { seen }),
  });
  if (done === null) return false;
  const undone = context.may('controlUndo') ? () => undefined : undefined;
  showReceipt(context.place, { title: `${title}: done`, ...done, undone });
  return true;
}
