/** Where a sample to try rules on comes from: the rules' own tests, or a file of whoever looks. It is scanned and forgotten. */

import type { AnswerOf } from '../../admin/contract.ts';
import { h, say } from '../dom.ts';
import { bytes } from '../format.ts';
import type { PageContext } from '../page.ts';
import { field } from '../parts/layout.ts';

type Tested = AnswerOf<'ruleFile'>['rules'][number];

/** As much as a trial takes. */
const MOST_BYTES = 256 * 1024;
const SHOWN = 60;

export function sampleSources(
  rules: readonly Tested[],
  { query, setQuery }: PageContext,
  take: (sample: string) => void,
): HTMLElement {
  const asked = query.get('rule');
  const texts: string[] = [];
  const option = (kind: string, text: string, chosen: boolean) => {
    texts.push(text);
    const shown = text.replace(/\s+/g, ' ');
    const label = `${kind}: ${shown.length > SHOWN ? `${shown.slice(0, SHOWN)} …` : shown}`;
    return h('option', { value: String(texts.length - 1), selected: chosen }, label);
  };
  const own = h(
    'select',
    { name: 'own' },
    h('option', { value: '' }, rules.length === 0 ? 'none yet: the file is new' : 'choose one'),
    ...rules.map(({ id, match, no_match: none }) =>
      h(
        'optgroup',
        { label: id },
        ...match.map((text, i) => option('finds', text, id === asked && i === 0)),
        ...none.map((text) => option('passes', text, false)),
      ),
    ),
  );
  own.addEventListener('change', () => {
    const group = own.selectedOptions[0]?.parentElement;
    setQuery('rule', group instanceof HTMLOptGroupElement ? group.label : '');
    const text = texts[Number(own.value)];
    if (own.value !== '' && text !== undefined) take(text);
  });
  return h(
    'div',
    { class: 'beside' },
    field('Samples of these rules, as in force', own),
    field('A file of yours', fileInput(take)),
  );
}

function fileInput(take: (sample: string) => void): HTMLInputElement {
  const input = h('input', { name: 'sample-file', type: 'file' });
  input.addEventListener('change', () => {
    const file = input.files?.[0];
    if (file === undefined) return;
    void file
      .slice(0, MOST_BYTES)
      .text()
      .then((text) => {
        // What is cut inside a character ends in its replacement; as much as the trial takes is counted in characters.
        take(text.slice(0, MOST_BYTES));
        if (file.size > MOST_BYTES) say(`Only the first ${bytes(MOST_BYTES)} of ${file.name} are tried.`);
      });
  });
  return input;
}
