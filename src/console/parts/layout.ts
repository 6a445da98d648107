/** What pages are laid out of: a head, cards, figures, lists of facts, tabs. */

import { type Child, h } from '../dom.ts';

/** The head of a page: its name, what it is for, and what can be done on it. */
export function pageHead(title: string, text: Child, ...actions: readonly Child[]): HTMLElement {
  return h(
    'div',
    { class: 'page-head' },
    h('div', {}, h('h1', {}, title), h('p', { class: 'lead' }, text)),
    h('div', { class: 'actions' }, ...actions),
  );
}

export function card(title: string, ...children: readonly Child[]): HTMLElement {
  return h('section', { class: 'card' }, title !== '' && h('h2', {}, title), ...children);
}

/** A figure with its name. */
export function stat(name: string, value: Child, more: Child = null): HTMLElement {
  return h(
    'div',
    { class: 'stat' },
    h('div', { class: 'stat-name' }, name),
    h('div', { class: 'stat-value' }, value),
    more !== null && h('div', { class: 'stat-more' }, more),
  );
}

export function facts(rows: readonly (readonly [string, Child])[]): HTMLElement {
  return h(
    'dl',
    { class: 'facts' },
    ...rows.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  );
}

export function field(label: string, control: HTMLElement, hint = ''): HTMLLabelElement {
  return h(
    'label',
    {},
    h('span', { class: 'label' }, label),
    control,
    hint !== '' && h('span', { class: 'hint' }, hint),
  );
}

/** Choices of which one holds, as buttons. */
export function choices(
  label: string,
  options: readonly (readonly [value: string, text: string])[],
  order: { readonly value: string; readonly choose: (value: string) => void },
): HTMLElement {
  const buttons = options.map(([value, text]) => {
    const choose = () => {
      for (const [i, one] of buttons.entries()) one.setAttribute('aria-pressed', String(options[i]?.[0] === value));
      order.choose(value);
    };
    return h('button', { type: 'button', 'aria-pressed': String(value === order.value), click: choose }, text);
  });
  return h('div', { class: 'choices', role: 'group', 'aria-label': label }, ...buttons);
}

export function problem(text: string, ...children: readonly Child[]): HTMLElement {
  return h('div', { class: 'problem', role: 'alert' }, h('p', {}, text), ...children);
}

/** Shown while something is on its way; grey bars where the content will be. */
export function loading(): HTMLElement {
  const bars = [70, 94, 88, 91, 76].map((width) => h('div', { class: `bar w${width}` }));
  return h('div', { class: 'loading', role: 'status' }, h('span', { class: 'visually-hidden' }, 'Loading …'), ...bars);
}

/** Labels in a row, the first few. */
export function chips(names: readonly string[], most = 6): HTMLElement {
  const rest = names.length - most;
  const shown = names.slice(0, most).map((name) => h('span', { class: 'chip' }, name));
  return h('span', { class: 'chips' }, ...shown, rest > 0 && h('span', { class: 'soft' }, `and ${rest} more`));
}
