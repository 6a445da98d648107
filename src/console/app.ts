/** The console: pages by address, keys, and who is looking. */

import { ApiFault, ask, session } from './api.ts';
import { h, say } from './dom.ts';
import type { Page } from './page.ts';
import { capabilities } from './pages/capabilities.ts';
import { categories } from './pages/categories.ts';
import { changes } from './pages/changes.ts';
import { emergency } from './pages/emergency.ts';
import { levels } from './pages/levels.ts';
import { live } from './pages/live.ts';
import { record } from './pages/record.ts';
import { rules } from './pages/rules.ts';
import { tasks } from './pages/tasks.ts';

/** In the order of the navigation. To add a page: write its file, name it here. */
const PAGES: readonly Page[] = [live, categories, tasks, capabilities, rules, levels, record, changes, emergency];

const main = document.getElementById('main') as HTMLElement;
const nav = document.getElementById('nav') as HTMLElement;
let leaving = new AbortController();
let current: Page = live;

function pageAt(path: string): Page {
  return PAGES.find((page) => page.path === path.replace(/\/$/, '')) ?? live;
}

function show(): void {
  leaving.abort();
  leaving = new AbortController();
  if (session.token === null) {
    signIn();
    return;
  }
  current = pageAt(location.pathname);
  document.title = `${current.title} · Locktender`;
  const links = PAGES.map((page) =>
    h(
      'a',
      { href: page.path, title: `g ${page.key}`, ...(page === current ? { 'aria-current': 'page' } : {}) },
      page.title,
    ),
  );
  nav.replaceChildren(...links, h('button', { type: 'button', click: leave }, 'Sign out'));
  const query = new URLSearchParams(location.search);
  const setQuery = (name: string, value: string) => {
    if (value === '') query.delete(name);
    else query.set(name, value);
    history.replaceState(null, '', query.size === 0 ? location.pathname : `${location.pathname}?${query}`);
  };
  main.focus();
  Promise.resolve(current.show({ place: main, signal: leaving.signal, query, setQuery })).catch(failed);
}

function failed(error: unknown): void {
  if (error instanceof ApiFault && error.status === 401) {
    session.leave();
    signIn(error.message);
    return;
  }
  const text = error instanceof Error ? error.message : 'something went wrong';
  main.replaceChildren(
    h('h2', {}, current.title),
    h(
      'div',
      { class: 'problem', role: 'alert' },
      h('p', {}, text),
      h('button', { type: 'button', click: show }, 'Try again'),
    ),
  );
}

function leave(): void {
  session.leave();
  show();
}

function signIn(problem = ''): void {
  nav.replaceChildren();
  document.title = 'Sign in · Locktender';
  const token = h('input', { type: 'password', name: 'token', required: true, autocomplete: 'off' });
  const said = h('p', { role: 'alert', class: 'bad' }, problem);
  const form = h(
    'form',
    {
      submit: (event) => {
        event.preventDefault();
        session.enter(token.value.trim());
        ask<'status'>('/v1/status').then(show, (error: Error) => {
          session.leave();
          said.textContent = error.message;
        });
      },
    },
    h('h2', {}, 'Sign in'),
    h(
      'p',
      { class: 'soft' },
      'With a token of this appliance: the one in the file admin-token of its state directory, or one that an admin made.',
    ),
    h('label', {}, 'Token', token),
    said,
    h('button', { type: 'submit', class: 'primary' }, 'Sign in'),
  );
  main.replaceChildren(form);
  token.focus();
}

/** Links to pages are followed without loading the page anew. */
document.addEventListener('click', (event) => {
  const link = (event.target as Element).closest('a');
  if (
    !link ||
    link.origin !== location.origin ||
    !link.pathname.startsWith('/console') ||
    event.ctrlKey ||
    event.metaKey
  )
    return;
  event.preventDefault();
  history.pushState(null, '', link.href);
  show();
});
addEventListener('popstate', show);
addEventListener('unhandledrejection', (event) => failed(event.reason));

const HELP = `Keys: g then ${PAGES.map((page) => `${page.key} ${page.title}`).join(', g ')}; / search; p pause; j and k next and previous row; ? this help.`;
let afterG = false;

document.addEventListener('keydown', (event) => {
  const typing = (event.target as Element).closest('input, select, textarea, dialog') !== null;
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const jump = afterG ? PAGES.find((page) => page.key === event.key) : undefined;
  afterG = event.key === 'g';
  if (jump) {
    history.pushState(null, '', jump.path);
    show();
  } else if (event.key === '?') say(HELP);
  else if (event.key === 'j' || event.key === 'k') step(event.key === 'j' ? 1 : -1);
  else if (current.keys?.[event.key]) current.keys[event.key]?.();
  else return;
  event.preventDefault();
});

/** Moves among the rows of the page. */
function step(by: number): void {
  const rows = [...main.querySelectorAll<HTMLTableRowElement>('tbody tr:not([hidden])')];
  const at = rows.findIndex((row) => row.getAttribute('aria-selected') === 'true');
  const next = rows[Math.max(0, Math.min(rows.length - 1, at + by))];
  for (const row of rows) row.removeAttribute('aria-selected');
  next?.setAttribute('aria-selected', 'true');
  next?.scrollIntoView({ block: 'nearest' });
  next?.querySelector<HTMLElement>('a, button, summary')?.focus();
}

show();
