/** The switches that cut, on one page that asks for nothing before it is there. */

import { change, showReceipt } from '../change.ts';
import { h } from '../dom.ts';
import type { Page, PageContext } from '../page.ts';

interface Switch {
  readonly title: string;
  readonly label: string;
  readonly text: string;
  readonly path: (name: string) => string;
  readonly act: string;
  readonly confirm: boolean;
}

const SWITCHES: readonly Switch[] = [
  {
    title: 'Block a category',
    label: 'Category',
    text: 'Nothing reaches its hosts; what does is cut.',
    path: (n) => `/v1/categories/${n}/block`,
    act: 'Block',
    confirm: false,
  },
  {
    title: 'Deny a host',
    label: 'Host',
    text: 'For every tenant, whatever grants it.',
    path: (n) => `/v1/hosts/${n}/deny`,
    act: 'Deny',
    confirm: false,
  },
  {
    title: 'Kill a task',
    label: 'Task',
    text: 'Its isolate ends, its flows are cut, its pass is dead.',
    path: (n) => `/v1/tasks/${n}/kill`,
    act: 'Kill',
    confirm: false,
  },
  {
    title: 'Quarantine a tenant',
    label: 'Tenant',
    text: 'Nothing of it leaves; other tenants go on.',
    path: (n) => `/v1/tenants/${n}/quarantine`,
    act: 'Quarantine',
    confirm: true,
  },
  {
    title: 'Revoke a capability',
    label: 'Capability',
    text: 'Everywhere, for every tenant.',
    path: (n) => `/v1/capabilities/${n}/revoke`,
    act: 'Revoke',
    confirm: true,
  },
  {
    title: 'Revoke a pass',
    label: 'Pass',
    text: 'By its id; other passes of the task go on.',
    path: (n) => `/v1/passes/${n}/revoke`,
    act: 'Revoke',
    confirm: false,
  },
];

export const emergency: Page = {
  path: '/console/emergency',
  title: 'Emergency',
  key: 'e',
  show: (context) => {
    context.place.replaceChildren(
      h('h2', {}, 'Emergency'),
      h('div', { class: 'grid' }, ...SWITCHES.map((one) => card(one, context))),
    );
  },
};

function card(one: Switch, { place }: PageContext): HTMLElement {
  const name = h('input', { name: one.label.toLowerCase(), required: true, autocomplete: 'off' });
  const go = async () => {
    const receipt = await change({
      title: `${one.act} ${name.value}`,
      path: one.path(encodeURIComponent(name.value)),
      act: `${one.act} now`,
      danger: true,
      timed: true,
      ...(one.confirm ? { confirm: name.value } : {}),
    });
    if (receipt !== null) showReceipt(place, `${one.title}: ${name.value}`, receipt);
  };
  return h(
    'form',
    {
      class: 'card',
      submit: (event) => {
        event.preventDefault();
        void go();
      },
    },
    h('h3', {}, one.title),
    h('p', { class: 'soft' }, one.text),
    h('label', {}, one.label, name),
    h('button', { type: 'submit', class: 'danger' }, one.act),
  );
}
