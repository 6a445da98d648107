/** Elements from data. Text is only ever set as text, so nothing that an agent wrote can become markup. */

export type Child = Node | string | number | null | undefined | false;
type Attributes = Readonly<Record<string, string | number | boolean | ((event: Event) => void)>>;

/** `h('button', { class: 'danger', click: act }, 'Kill')`. A function listens, `true` sets, `false` leaves out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  dress(element, attributes);
  put(element, ...children);
  return element;
}

/** The same for drawings. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  dress(element, attributes);
  put(element, ...children);
  return element;
}

function dress(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value !== false) element.setAttribute(name, value === true ? '' : String(value));
  }
}

/** Adds what is something. */
export function put(parent: Element, ...children: readonly Child[]): void {
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false)
      parent.append(child instanceof Node ? child : String(child));
  }
}

export function button(label: Child, click: (event: Event) => void, more: Attributes = {}): HTMLButtonElement {
  return h('button', { type: 'button', click, ...more }, label);
}

export function link(href: string, ...children: readonly Child[]): HTMLAnchorElement {
  return h('a', { href }, ...children);
}

const ICONS = {
  check: 'M3 8.5l3.2 3.2L13 5',
  cross: 'M4 4l8 8M12 4l-8 8',
  dash: 'M4 8h8',
  clock: 'M8 4.5V8l2.3 1.8M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z',
  lock: 'M4 7.5h8v6H4zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5',
  warn: 'M8 2.5l6 11H2zM8 6.5v3.2M8 11.6v.3',
  shield: 'M8 2l5 2v4c0 3-2.2 5-5 6-2.8-1-5-3-5-6V4z',
  cut: 'M5 11.5a1.7 1.7 0 1 1-3.4 0 1.7 1.7 0 0 1 3.4 0zM14.4 11.5a1.7 1.7 0 1 1-3.4 0 1.7 1.7 0 0 1 3.4 0zM4.6 10.2L12 2M11.4 10.2L4 2',
  start: 'M5 3.5l7 4.5-7 4.5z',
  flag: 'M4 14V2.5M4 3h8l-2 2.5L12 8H4',
} as const;
export type IconName = keyof typeof ICONS;

export function icon(name: IconName): SVGSVGElement {
  return svg('svg', { viewBox: '0 0 16 16', class: 'icon', 'aria-hidden': 'true' }, svg('path', { d: ICONS[name] }));
}

/** A state by word and sign, never by colour alone. */
export type Tone = 'good' | 'bad' | 'warn' | 'soft';
const SIGNS: Readonly<Record<Tone, IconName>> = { good: 'check', bad: 'cross', warn: 'warn', soft: 'dash' };

export function badge(tone: Tone, text: string, sign: IconName = SIGNS[tone]): HTMLElement {
  return h('span', { class: `badge ${tone}` }, icon(sign), text);
}

const GOOD: ReadonlySet<string> = new Set(['allow', 'completed', 'met', 'pass', 'admitted']);

export function verdict(effect: string): HTMLElement {
  return effect === 'redact' ? badge('warn', effect) : badge(GOOD.has(effect) ? 'good' : 'bad', effect);
}

export const RISKS: Readonly<Record<string, Tone>> = { low: 'good', medium: 'warn', high: 'bad', critical: 'bad' };

export function risk(level: string): HTMLElement {
  return h('span', { class: `risk ${RISKS[level] ?? 'soft'}` }, level);
}

/** Said to screen readers and shown in a corner for a while; at most one in two seconds, the last one wins. */
export function say(text: string): void {
  const place = document.getElementById('said');
  if (place === null) return;
  clearTimeout(pending);
  const wait = Math.max(0, lastSaid + 2000 - performance.now());
  pending = window.setTimeout(() => {
    lastSaid = performance.now();
    place.textContent = text;
    pending = window.setTimeout(() => {
      place.textContent = '';
    }, 8000);
  }, wait);
}
let pending = 0;
let lastSaid = -2000;

/** The host that an event of the record is about, where it names one. */
export function hostOf(event: Readonly<Record<string, unknown>>): string | null {
  const input = event['input'];
  const host = typeof input === 'object' && input !== null && 'host' in input ? input.host : event['host'];
  return typeof host === 'string' ? host : null;
}

/** Opens a dialog over the page, and takes it away once it is closed. Focus goes back to where it was. */
export function openDialog(attributes: Attributes, ...children: readonly Child[]): HTMLDialogElement {
  const before = document.activeElement;
  const dialog = h('dialog', attributes, ...children);
  document.body.append(dialog);
  dialog.addEventListener('close', () => {
    dialog.remove();
    const nowhere = document.activeElement === null || document.activeElement === document.body;
    if (nowhere && before instanceof HTMLElement && before.isConnected) before.focus();
  });
  dialog.showModal();
  return dialog;
}
