/** The palette: pages and acts by a few letters. What it offers is what its reader may do. */

import type { RouteId } from '../../admin/contract.ts';
import { ask } from '../api.ts';
import { h, openDialog } from '../dom.ts';
import type { Me, Page } from '../page.ts';

export interface Entry {
  readonly text: string;
  readonly hint: string;
  readonly go: string;
}

const SHOWN = 12;

/** What is done on a page rather than to a name; offered to whoever may call the route. */
const COMMANDS: readonly (Entry & { readonly needs: RouteId })[] = [
  { text: 'verify the record', hint: 'record', go: '/console/record', needs: 'auditVerify' },
  { text: 'export the record', hint: 'record', go: '/console/record', needs: 'auditExport' },
  { text: 'approve what waits', hint: 'changes', go: '/console/changes', needs: 'controlApprove' },
  { text: 'undo a change', hint: 'changes', go: '/console/changes', needs: 'controlUndo' },
  { text: 'begin a rule file', hint: 'rules', go: '/console/rules', needs: 'ruleSave' },
  { text: 'run the policy contracts', hint: 'policy', go: '/console/policy?tab=contracts', needs: 'policyContracts' },
  { text: 'compare a candidate policy', hint: 'policy', go: '/console/policy?tab=diff', needs: 'policyDiff' },
  { text: 'replay recorded decisions', hint: 'policy', go: '/console/policy?tab=replay', needs: 'policyReplay' },
  { text: 'learn what would have sufficed', hint: 'policy', go: '/console/policy?tab=learn', needs: 'policyLearn' },
  { text: 'ask for a decision', hint: 'policy', go: '/console/policy?tab=ask', needs: 'policyExplain' },
  { text: 'reload the policy', hint: 'policy', go: '/console/policy', needs: 'policyReload' },
  { text: 'rotate the signing key', hint: 'keeping', go: '/console/keeping', needs: 'auditRotate' },
  { text: 'remove old entries', hint: 'keeping', go: '/console/keeping', needs: 'auditPrune' },
  { text: 'forget a tenant', hint: 'keeping', go: '/console/keeping', needs: 'auditShred' },
  { text: 'receivers of the record', hint: 'keeping', go: '/console/keeping', needs: 'auditForward' },
  { text: 'make a token', hint: 'access', go: '/console/access', needs: 'tokenMake' },
];

export function openPalette(pages: readonly Page[], me: Me, go: (address: string) => void): void {
  const may = (route: string) => me.routes.includes(route);
  let entries: readonly Entry[] = [
    ...pages.map((page) => ({ text: page.title, hint: `g ${page.key}`, go: page.path })),
    ...COMMANDS.filter(({ needs }) => may(needs)),
  ];
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
  const none = h('p', { class: 'soft', role: 'status' });
  const dialog = openDialog({ class: 'palette', 'aria-label': 'Go to or do' }, input, list, none);
  const take = (entry: Entry | undefined) => {
    if (entry === undefined) return;
    dialog.close();
    go(entry.go);
  };
  const draw = () => {
    shown = [...ranked([...entries, ...typed(input.value)], input.value), ...searches(input.value, may)].slice(
      0,
      SHOWN,
    );
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
    none.textContent = shown.length === 0 ? 'Nothing has this name.' : '';
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
  const [categories, tenants, tasks, capabilities] = await Promise.all([
    ask<'categoryList'>('/v1/categories').catch(() => null),
    ask<'tenantList'>('/v1/tenants').catch(() => null),
    ask<'taskList'>('/v1/tasks').catch(() => null),
    ask<'capabilityList'>('/v1/capabilities').catch(() => null),
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
    ...(capabilities?.capabilities ?? []).map(({ name, revoked }) => ({
      text: `${!may('capabilityRevoke') ? 'show' : revoked ? 'restore' : 'revoke'} capability ${name}`,
      hint: revoked ? 'revoked' : 'in force',
      go: `/console/capabilities?q=${encodeURIComponent(name)}`,
    })),
    ...(tasks?.tasks ?? []).slice(-200).map(({ id, tenant }) => ({
      text: `task ${id}`,
      hint: tenant,
      go: `/console/tasks?task=${encodeURIComponent(id)}&tenant=${encodeURIComponent(tenant)}`,
    })),
  ];
}

/** Where any word can be looked for; after all that has a name. */
function searches(text: string, may: (route: string) => boolean): Entry[] {
  const word = text.trim();
  if (word.length < 2) return [];
  const of = encodeURIComponent(word);
  return [
    ...(may('ruleList') ? [{ text: `rules with “${word}”`, hint: 'rules', go: `/console/rules?q=${of}` }] : []),
    ...(may('auditQuery')
      ? [{ text: `entries with “${word}”`, hint: 'record', go: `/console/record?text=${of}` }]
      : []),
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
