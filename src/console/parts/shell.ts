/** What stands round every page: navigation, who is looking, how the appliance is. */

import { ask, connection } from '../api.ts';
import { badge, button, h, link, svg } from '../dom.ts';
import { count, plural, short } from '../format.ts';
import type { Me, Page } from '../page.ts';

export interface ShellOrder {
  readonly pages: readonly Page[];
  readonly me: Me;
  readonly leave: () => void;
  readonly palette: () => void;
  readonly help: () => void;
}

const GROUPS = ['Watch', 'Control', 'Author', 'Administer'] as const;
const BEAT_MS = 5000;
const links = new Map<string, HTMLAnchorElement>();

export function drawShell({ pages, me, leave, palette, help }: ShellOrder): void {
  links.clear();
  const entry = (page: Page) => {
    const one = h(
      'a',
      { href: page.path, class: page.group === '' ? 'alarm' : '' },
      page.title,
      h('kbd', { 'aria-hidden': 'true' }, `g ${page.key}`),
    );
    links.set(page.path, one);
    return h('li', {}, one);
  };
  const groups = GROUPS.flatMap((name) => {
    const own = pages.filter((page) => page.group === name);
    return own.length === 0 ? [] : [h('h2', { class: 'nav-head' }, name), h('ul', {}, ...own.map(entry))];
  });
  const nav = h(
    'nav',
    { 'aria-label': 'Pages' },
    ...groups,
    h('ul', { class: 'nav-last' }, ...pages.filter((page) => page.group === '').map(entry)),
  );
  const who = h(
    'div',
    { class: 'who' },
    h('div', {}, h('strong', {}, me.name), ' ', h('span', { class: 'soft' }, me.role)),
    h('div', { class: 'actions' }, themeButton(), button('Keys', help), button('Sign out', leave)),
  );
  const side = document.getElementById('side');
  side?.replaceChildren(h('div', { class: 'brand' }, mark(), 'Locktender', menuButton(side)), nav, who);
  const status = h('div', { class: 'status' });
  const search = button('Go to or do …', palette, { class: 'go' });
  search.append(h('kbd', { 'aria-hidden': 'true' }, ':'));
  document.getElementById('top')?.replaceChildren(search, status, h('div', { id: 'lost', role: 'alert' }));
  beat(status);
}

/** Where there is little room, the navigation is folded. */
function menuButton(side: HTMLElement): HTMLButtonElement {
  const one = button('Menu', () => fold(!side.classList.contains('open')), { class: 'menu', 'aria-expanded': 'false' });
  fold = (open) => {
    side.classList.toggle('open', open);
    one.setAttribute('aria-expanded', String(open));
  };
  return one;
}

let fold = (_open: boolean): void => undefined;

export function clearShell(): void {
  clearTimeout(timer);
  document.getElementById('side')?.replaceChildren(h('div', { class: 'brand' }, mark(), 'Locktender'));
  document.getElementById('top')?.replaceChildren();
}

export function markPage(page: Page): void {
  fold(false);
  for (const [path, one] of links) {
    if (path === page.path) one.setAttribute('aria-current', 'page');
    else one.removeAttribute('aria-current');
  }
}

let timer = 0;

/** Asks how the appliance is, every few seconds while the page is looked at; says so when it does not answer. */
function beat(place: HTMLElement): void {
  clearTimeout(timer);
  const again = () => {
    timer = window.setTimeout(() => (document.hidden ? again() : beat(place)), connection.up ? BEAT_MS : 1000);
  };
  ask<'status'>('/v1/status').then(
    (now) => {
      place.replaceChildren(
        now.ready ? badge('good', 'ready') : badge('bad', 'not ready'),
        now.recording
          ? badge('good', `recording, ${count(now.entries)} entries`)
          : badge('bad', 'the record is not written'),
        ...(now.waiting === 0
          ? []
          : [link('/console/changes', badge('warn', `${plural(now.waiting, 'change')} to approve`, 'clock'))]),
        h('span', {}, plural(now.flows, 'flow')),
        h('span', {}, plural(now.tasks, 'task')),
        h(
          'span',
          { title: `policy bundle ${now.bundle}` },
          'policy ',
          link('/console/policy', short(now.bundle).slice(0, 8)),
        ),
        h('span', {}, `controls v${now.controls}`),
        h('span', { class: 'soft' }, `${now.node} · ${now.version}`),
      );
      again();
    },
    () => again(),
  );
}

/** Told whenever the appliance stops or begins to answer. */
export function showConnection(up: boolean): void {
  const place = document.getElementById('lost');
  if (place === null) return;
  document.documentElement.classList.toggle('is-lost', !up);
  place.replaceChildren(
    ...(up
      ? []
      : [
          h(
            'p',
            { class: 'lost' },
            badge('bad', 'Connection lost'),
            ' The appliance does not answer. What is shown may be old; it is tried again every second.',
          ),
        ]),
  );
}

const THEMES = ['auto', 'light', 'dark'] as const;

function themeButton(): HTMLButtonElement {
  const now = () => THEMES.find((theme) => theme === localStorage.getItem('locktender-theme')) ?? 'auto';
  const apply = () => {
    document.documentElement.dataset['theme'] = now();
    one.textContent = `Theme: ${now()}`;
  };
  const one = button('', () => {
    localStorage.setItem('locktender-theme', THEMES[(THEMES.indexOf(now()) + 1) % THEMES.length] ?? 'auto');
    apply();
  });
  apply();
  return one;
}

function mark(): SVGSVGElement {
  return svg(
    'svg',
    { viewBox: '0 0 32 32', class: 'mark', 'aria-hidden': 'true' },
    svg('rect', { width: 32, height: 32, rx: 7 }),
    svg('path', { d: 'M9 14h14v11H9zM12 14v-4a4 4 0 0 1 8 0v4M16 18v3' }),
  );
}
