/** What hangs on something now, and what the last day had of it: shown before it is changed. */

import type { AnswerOf } from '../../admin/contract.ts';
import { ask } from '../api.ts';
import { h } from '../dom.ts';
import { count, plural } from '../format.ts';
import { chips, loading } from './layout.ts';

export type Subject = 'category' | 'capability' | 'tenant' | 'task' | 'host';

export interface Previewed {
  readonly kind: Subject;
  readonly name: string;
  /** Of this tenant only. */
  readonly tenant?: string | undefined;
}

export async function showPreview({ kind, name, tenant }: Previewed, place: Element): Promise<void> {
  place.replaceChildren(loading());
  try {
    const seen = await ask<'preview'>(
      `/v1/preview/${kind}/${encodeURIComponent(name)}`,
      tenant ? { query: { tenant } } : {},
    );
    place.replaceChildren(...previewOf(seen));
  } catch (error) {
    const text = error instanceof Error ? error.message : 'it failed';
    place.replaceChildren(h('p', { class: 'bad' }, `What hangs on it could not be read: ${text}.`));
  }
}

function previewOf(seen: AnswerOf<'preview'>): Node[] {
  const flows = seen.flows
    .slice(0, 8)
    .map((flow) => h('li', {}, h('code', {}, flow.host), ` · ${flow.tenant} · ${flow.task} · ${flow.kind}`));
  const more = seen.live_flows - flows.length;
  return [
    h(
      'p',
      { class: 'preview-main' },
      h('strong', {}, count(seen.live_flows)),
      ` ${seen.live_flows === 1 ? 'flow is' : 'flows are'} live on it now`,
    ),
    h('ul', { class: 'flows' }, ...flows, more > 0 && h('li', { class: 'soft' }, `and ${count(more)} more`)),
    h(
      'p',
      {},
      `Last 24 hours: ${plural(seen.allowed_last_day, 'hit')} allowed, ${count(seen.denied_last_day)} denied; ${plural(seen.tasks_last_day.length, 'task')} of ${plural(seen.tenants_last_day.length, 'tenant')} `,
      chips(seen.tenants_last_day),
    ),
    seen.hosts_last_day.length > 0 ? h('p', {}, 'Hosts ', chips(seen.hosts_last_day)) : h('span'),
  ];
}
