/** What differs between two texts, by lines; signs as well as colours. */

import { h } from '../dom.ts';
import { lineDiff } from '../line-diff.ts';

const CLASSES = { '+': 'added', '-': 'gone', ' ': 'same' } as const;

export function diffBox(before: string, after: string): HTMLElement {
  const lines = lineDiff(before, after);
  if (lines.length === 0) return h('p', { class: 'soft' }, 'Nothing is changed.');
  const body = lines.map(({ sign, text }) => h('span', { class: CLASSES[sign] }, `${sign} ${text}\n`));
  return h('pre', { class: 'diff', tabindex: '0', role: 'region', 'aria-label': 'What is changed' }, ...body);
}
