/** Elements from data. Text is only ever set as text, so nothing that an agent wrote can become markup. */

type Child = Node | string | number | null | undefined | false;
type Attributes = Readonly<Record<string, string | boolean | ((event: Event) => void)>>;

/** `h('button', { class: 'danger', click: act }, 'Kill')`. A function listens, `true` sets, `false` leaves out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  put(element, ...children);
  return element;
}

/** Adds what is something. */
export function put(parent: Element, ...children: readonly Child[]): void {
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false)
      parent.append(child instanceof Node ? child : String(child));
  }
}

/** A table with a caption, in a box that scrolls by itself. */
export function table(caption: string, heads: readonly string[], rows: readonly HTMLTableRowElement[]): HTMLElement {
  const head = h('tr', {}, ...heads.map((text) => h('th', { scope: 'col' }, text)));
  if (rows.length === 0) return h('p', { class: 'soft' }, `${caption}: none.`);
  return h(
    'div',
    { class: 'scroll' },
    h('table', {}, h('caption', {}, caption), h('thead', {}, head), h('tbody', {}, ...rows)),
  );
}

export const cells = (...contents: readonly Child[]): HTMLTableRowElement =>
  h('tr', {}, ...contents.map((content) => h('td', {}, content)));

/** Local time, UTC when pointed at. */
export function moment(at: number | string): HTMLElement {
  const date = new Date(at);
  const iso = date.toISOString();
  return h('time', { datetime: iso, title: iso }, date.toLocaleTimeString());
}

/** A verdict by word and sign, not by colour alone. */
export function verdict(effect: string): HTMLElement {
  const good = effect === 'allow' || effect === 'completed' || effect === 'met';
  return h('span', { class: good ? 'good' : 'bad' }, good ? `✓ ${effect}` : `✕ ${effect}`);
}

/** Said to screen readers and shown in a corner for a while. */
export function say(text: string): void {
  const place = document.getElementById('said');
  if (place === null) return;
  place.textContent = text;
  setTimeout(() => {
    if (place.textContent === text) place.textContent = '';
  }, 8000);
}

/** The host that an event of the record is about, where it names one. */
export function hostOf(event: Readonly<Record<string, unknown>>): string | null {
  const input = event['input'];
  const host = typeof input === 'object' && input !== null && 'host' in input ? input.host : event['host'];
  return typeof host === 'string' ? host : null;
}
