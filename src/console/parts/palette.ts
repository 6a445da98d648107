/** The palette: pages and acts by a few letters. What it offers is what its reader may do. */

import { ask } from '../api.ts';
import { h, openDialog } from '../dom.ts';
import type { Me, Page } from '../page.ts';

export interface Entry {
  readonly text: string;
  readonly hint: string;
  readonly go: string;
}

const SHOWN = 12;

export function openPalette(pages: readonly Page[], me: Me, go: (address: string) => void): void {
  let entries: readonly Entry[] = pages.map((page) => ({ text: page.title, hint: `g ${page.key}`, go: page.path }));
  let shown: readonly Entry[] = [];
  let chosen = 0;
  const input = h('input', {
    type: 'text',
    name: 'palette',
    role: 'combobox',
    'aria-label': 'Go to or do',
    'aria-expanded': 'true',
    'aria-controls': 'palette-list',
    'aria-autocomplete': 'list',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'a page, a category to block, a tenant to quarantine, a task, a host …',
  });
  const list = h('ul', { id: 'palette-list', role: 'listbox', 'aria-label': 'Matches' });
  const dialog = openDialog({ class: 'palette', 'aria-label': 'Go to or do' }, input, list);
  const take = (entry: Entry | undefined) => {
    if (entry === undefined) return;
    dialog.close();
    go(entry.go);
  };
  const draw = () => {
    shown = ranked([...entries, ...typed(input.value)], input.value).slice(0, SHOWN);
    chosen = Math.min(chosen, Math.max(0, shown.length - 1));
    list.replaceChildren(
      ...shown.map((entry, i) =>
        h(
          'li',
          { id: `palette-${i}`, role: 'option', 'aria-selected': String(i === chosen), click: () => take(entry) },
          h('span', {}, entry.text),
          h('span', { class: 'soft' }, entry.hint),
        ),
      ),
    );
    input.setAttribute('aria-activedescendant', shown.length === 0 ? '' : `palette-${chosen}`);
  };
  input.addEventListener('input', () => {
    chosen = 0;
    draw();
  });
  input.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key] ?? 0;
    if (event.key === 'Enter') take(shown[chosen]);
    else if (step === 0) return;
    chosen = Math.max(0, Math.min(shown.length - 1, chosen + step));
    event.preventDefault();
    if (dialog.isConnected) draw();
  });
  draw();
  void acts(me).then((more) => {
    entries = [...entries, ...more];
    draw();
  });
}

/** What lives now. What cannot be read is not offered; the pages are. */
async function acts(me: Me): Promise<Entry[]> {
  const may = (route: string) => me.routes.includes(route);
  const [categories, tenants, tasks] = await Promise.all([
    ask<'categoryList'>('/v1/categories').catch(() => null),
    ask<'tenantList'>('/v1/tenants').catch(() => null),
    ask<'taskList'>('/v1/tasks').catch(() => null),
  ]);
  const verb = (blocked: boolean) => (may('categoryBlock') ? (blocked ? 'unblock' : 'block') : 'show');
  return [
    ...(categories?.categories ?? []).map(({ id, blocked }) => ({
      text: `${verb(blocked)} category ${id}`,
      hint: blocked ? 'blocked' : 'open',
      go: `/console/categories?q=${id}${may('categoryBlock') ? `&act=${id}` : ''}`,
    })),
    ...(tenants?.tenants ?? []).map(({ name, quarantined }) => ({
      text: `tenant ${name}`,
      hint: quarantined ? 'quarantined' : 'quarantine, tasks',
      go: `/console/tenants?tenant=${encodeURIComponent(name)}`,
    })),
    ...(tasks?.tasks ?? []).slice(-200).map(({ id, tenant }) => ({
      text: `task ${id}`,
      hint: tenant,
      go: `/console/tasks?task=${encodeURIComponent(id)}`,
    })),
  ];
}

/** What is typed may be a host, or a thing to filter by. */
function typed(text: string): Entry[] {
  const word = text.trim();
  if (!/^[\w.*-]+\.[\w-]+$/.test(word)) return [];
  const of = encodeURIComponent(word);
  return [
    { text: `where does ${word} stand`, hint: 'categories', go: `/console/categories?host=${of}` },
    { text: `decisions on ${word}`, hint: 'live', go: `/console?q=${encodeURIComponent(`host:${word}`)}` },
  ];
}

/** Those in which the letters come in order, the closest first. */
function ranked(entries: readonly Entry[], text: string): Entry[] {
  const wanted = text.toLowerCase().replace(/\s+/g, '');
  const scored = entries.flatMap((entry) => {
    const cost = distance(entry.text.toLowerCase(), wanted);
    return cost === null ? [] : [{ entry, cost }];
  });
  return scored.sort((a, b) => a.cost - b.cost).map(({ entry }) => entry);
}

function distance(text: string, wanted: string): number | null {
  let [at, cost] = [-1, 0];
  for (const letter of wanted) {
    const next = text.indexOf(letter, at + 1);
    if (next < 0) return null;
    cost += next - at - 1;
    at = next;
  }
  return cost;
}
