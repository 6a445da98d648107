/** docs/clients.md says what the last run over the real clients observed, of the clients that there are. */

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CLIENTS } from '../clients/clients.ts';
import { clientsPage, type Observed } from '../clients/page.ts';

const text = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const observed = JSON.parse(text('test/clients/matrix.json')) as readonly Observed[];

it('docs/clients.md is what `npm run test:clients` writes', () => {
  expect(text('docs/clients.md')).toBe(clientsPage(CLIENTS, observed));
});

it('names no client twice, and observes none that is not in the table', () => {
  const names = CLIENTS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(observed.map(({ name }) => name).filter((name) => !names.includes(name))).toEqual([]);
});
