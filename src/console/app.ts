/** The console: pages by address, keys, and who is looking. */

import type { RouteId } from '../admin/contract.ts';
import { ApiFault, ask, connection, session } from './api.ts';
import { button, h } from './dom.ts';
import type { Me, Page } from './page.ts';
import { HOME, PAGES } from './pages.ts';
import { listenToKeys, openHelp } from './parts/keys.ts';
import { loading, pageHead, problem } from './parts/layout.ts';
import { openPalette } from './parts/palette.ts';
import { clearShell, drawShell, markPage, showConnection } from './parts/shell.ts';
import { redeemTicket, signIn } from './sign-in.ts';

const main = document.getElementById('main') as HTMLElement;
let leaving = new AbortController();
let current: Page = HOME;
let me: Me | null = null;
/** What stands in place of a page that could not be reached. */
let awaited: HTMLElement | null = null;

const mine = (): readonly Page[] => PAGES.filter((page) => page.needs === undefined || me?.routes.includes(page.needs));
const pageAt = (path: string): Page => PAGES.find((page) => page.path === path.replace(/\/$/, '')) ?? HOME;

async function show(): Promise<void> {
  leaving.abort();
  // A dialog is of the page that opened it.
  for (const dialog of document.querySelectorAll('dialog')) dialog.close();
  leaving = new AbortController();
  const { signal } = leaving;
  if (session.token === null) {
    enter();
    return;
  }
  if (me === null) {
    const who = await ask<'me'>('/v1/me');
    if (signal.aborted) return;
    me = who;
    drawShell({ pages: mine(), me, leave, palette, help: () => openHelp(mine()) });
  }
  current = pageAt(location.pathname);
  document.title = `${current.title} · Locktender`;
  markPage(current);
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
  if (current.needs !== undefined && !me.routes.includes(current.needs)) {
    main.replaceChildren(pageHead(current.title, ''), problem(`Your role, ${me.role}, may not look at this page.`));
    return;
  }
  await current.show(contextOf(signal, me));
}

function contextOf(signal: AbortSignal, who: Me) {
  const query = new URLSearchParams(location.search);
  const setQuery = (name: string, value: string) => {
    // What a page that was left still has to say is not of the address that stands now.
    if (signal.aborted) return;
    if (value === '') query.delete(name);
    else query.set(name, value);
    history.replaceState(null, '', query.size === 0 ? location.pathname : `${location.pathname}?${query}`);
  };
  const may = (route: RouteId) => who.routes.includes(route);
  const nowhere = h('div');
  return {
    get place() {
      return signal.aborted ? nowhere : main;
    },
    ...{ signal, query, setQuery, me: who, may },
  };
}

function run(): void {
  const page = pageAt(location.pathname);
  const before = main.firstElementChild;
  // A page that has drawn itself by then, or goes on as a stream, needs no bars.
  const slow = setTimeout(() => {
    if (main.firstElementChild === before) main.replaceChildren(pageHead(page.title, ''), loading());
  }, 150);
  const shown = show();
  const { signal } = leaving;
  shown
    .catch((error: unknown) => {
      if (!signal.aborted) failed(error);
    })
    .finally(() => clearTimeout(slow));
}

function failed(error: unknown): void {
  if (error instanceof ApiFault && error.status === 401) {
    leave();
    enter('The token is not known here, or has ended.');
    return;
  }
  if (error instanceof DOMException && error.name === 'AbortError') return;
  const text = error instanceof Error ? error.message : 'something went wrong';
  const said = problem(`${text.charAt(0).toUpperCase()}${text.slice(1)}.`, button('Try again', run));
  main.replaceChildren(pageHead(current.title, ''), said);
  // The page comes by itself when the appliance answers again.
  awaited = error instanceof ApiFault && error.status === 0 ? said : null;
}

function enter(trouble = ''): void {
  clearShell();
  signIn(main, run, trouble);
}

function leave(): void {
  session.leave();
  me = null;
  run();
}

function palette(): void {
  if (me !== null) openPalette(mine(), me, open);
}

function open(address: string): void {
  history.pushState(null, '', address);
  run();
}

/** Links to pages are followed without loading the page anew. */
document.addEventListener('click', (event) => {
  const link = (event.target as Element).closest('a');
  const here =
    link && link.origin === location.origin && link.pathname.startsWith('/console') && !link.hasAttribute('download');
  if (!link || !here || event.ctrlKey || event.metaKey || link.hash !== '') return;
  event.preventDefault();
  open(link.href);
});
addEventListener('popstate', run);
addEventListener('unhandledrejection', (event) => failed(event.reason));
connection.listeners.add(showConnection);
connection.listeners.add((up) => {
  if (up && awaited?.isConnected) run();
});
// A page that draws itself anew takes away what had the keyboard: it is given to the page, not to nobody.
new MutationObserver(() => {
  if (document.activeElement === document.body) main.focus({ preventScroll: true });
}).observe(main, { childList: true });
listenToKeys({ pages: mine, current: () => current, open, palette });

main.append(h('p', { class: 'soft' }, 'Loading …'));
redeemTicket().then((trouble) => (trouble === null ? run() : enter(trouble)), failed);
