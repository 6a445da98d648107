/** Capabilities: which there are, who may hold them, and taking one back everywhere. */

import { ask } from '../api.ts';
import { change, showReceipt } from '../change.ts';
import { cells, h, table } from '../dom.ts';
import type { Page, PageContext } from '../page.ts';

export const capabilities: Page = {
  path: '/console/capabilities',
  title: 'Capabilities',
  key: 'a',
  show: async (context) => {
    const { place } = context;
    place.replaceChildren(h('h2', {}, 'Capabilities'), h('p', { class: 'soft' }, 'Loading …'));
    const { capabilities: all } = await ask<'capabilityList'>('/v1/capabilities');
    const rows = all.map((one) =>
      cells(
        h('code', {}, one.name),
        one.description,
        one.risk,
        one.owner,
        one.profiles.join(', '),
        one.revoked
          ? h('span', { class: 'bad' }, `✕ revoked: ${one.revoked.why}`)
          : h('span', { class: 'good' }, '✓ in force'),
        one.revoked
          ? h('button', { type: 'button', click: () => act(context, one.name, 'restore') }, `Restore ${one.name}`)
          : h(
              'button',
              { type: 'button', class: 'danger', click: () => act(context, one.name, 'revoke') },
              `Revoke ${one.name}`,
            ),
      ),
    );
    place.replaceChildren(
      h('h2', {}, 'Capabilities'),
      table(
        `${all.length} capabilities`,
        ['Name', 'What it lets a task do', 'Risk', 'Owner', 'Profiles', 'State', 'Act'],
        rows,
      ),
    );
  },
};

async function act(context: PageContext, name: string, what: 'revoke' | 'restore'): Promise<void> {
  const receipt = await change({
    title: `${what} ${name}`,
    path: `/v1/capabilities/${encodeURIComponent(name)}/${what}`,
    act: `${what} now`,
    danger: what === 'revoke',
    timed: what === 'revoke',
    ...(what === 'revoke' ? { confirm: name } : {}),
  });
  if (receipt === null) return;
  await capabilities.show(context);
  showReceipt(context.place, `${name}: ${what}d`, receipt);
}
