/** A line over time, drawn by hand in SVG; beside each stands the table of its figures. */

import { button, h, svg } from '../dom.ts';
import { figure, moment } from '../format.ts';
import { row, table } from './table.ts';

export interface Point {
  readonly at: number;
  readonly value: number | null;
}

export interface ChartOrder {
  readonly title: string;
  readonly unit: string;
  readonly from: number;
  readonly to: number;
  readonly limit: number | null;
  readonly lines: readonly { readonly name: string; readonly tone: 'one' | 'two'; readonly points: readonly Point[] }[];
}

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [640, 150, 52, 18, 8];

export function chart(order: ChartOrder): HTMLElement {
  const { title, unit, lines } = order;
  const all = lines.flatMap(({ points }) => points);
  const values = all.flatMap(({ value }) => (value === null ? [] : [value]));
  const drawing = values.length === 0 ? h('p', { class: 'no-data' }, 'No data in this window') : drawn(order, values);
  const place = h('div');
  const toggle = button('Table', () => {
    const open = place.childElementCount === 0;
    place.replaceChildren(...(open ? [tableOf(order)] : []));
    toggle.setAttribute('aria-expanded', String(open));
  });
  toggle.setAttribute('aria-expanded', 'false');
  toggle.setAttribute('aria-label', `Table of ${title}`);
  const legend =
    lines.length < 2
      ? null
      : h('span', { class: 'legend' }, ...lines.map(({ name, tone }) => h('span', { class: `key ${tone}` }, name)));
  const last = lines[0]?.points.findLast(({ value }) => value !== null)?.value ?? null;
  return h(
    'figure',
    { class: 'chart' },
    h(
      'figcaption',
      {},
      h('span', { class: 'chart-title' }, title),
      legend,
      h('span', { class: 'chart-last' }, figure(last, unit)),
      toggle,
    ),
    drawing,
    place,
  );
}

function drawn({ title, unit, from, to, limit, lines }: ChartOrder, values: readonly number[]): SVGSVGElement {
  const top = niceTop(Math.max(...values, limit ?? 0, unit === 'ratio' ? 0.01 : 0));
  // The first step may begin a little before the window.
  const x = (at: number) => LEFT + (Math.max(0, at - from) / Math.max(1, to - from)) * (WIDTH - LEFT - 6);
  const y = (value: number) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - BOTTOM - TOP);
  const grid = [0, 0.5, 1].map((share) =>
    svg(
      'g',
      {},
      svg('line', { x1: LEFT, x2: WIDTH - 6, y1: y(top * share), y2: y(top * share), class: 'grid-line' }),
      svg('text', { x: LEFT - 6, y: y(top * share) + 4, class: 'tick end' }, axis(top * share, unit)),
    ),
  );
  const times = [0, 0.5, 1].map((share) => {
    const at = from + (to - from) * share;
    return svg(
      'text',
      { x: x(at), y: HEIGHT - 4, class: `tick ${share === 0 ? '' : share === 1 ? 'end' : 'middle'}` },
      label(at, to - from),
    );
  });
  const high = Math.max(...values);
  return svg(
    'svg',
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      role: 'img',
      'aria-label': `${title}: highest ${figure(high, unit)}, latest ${figure(values.at(-1) ?? null, unit)}`,
    },
    ...grid,
    ...times,
    limit !== null &&
      limit > 0 &&
      svg(
        'g',
        {},
        svg('line', { x1: LEFT, x2: WIDTH - 6, y1: y(limit), y2: y(limit), class: 'limit-line' }),
        svg(
          'text',
          { x: LEFT + 4, y: y(limit) < TOP + 14 ? y(limit) + 12 : y(limit) - 4, class: 'tick' },
          `objective ${figure(limit, unit)}`,
        ),
      ),
    ...lines.flatMap(({ points, tone }) => strokes(points).map((part) => stroke(part, { tone, x, y }))),
  );
}

/** Broken where there is no figure. */
function strokes(points: readonly Point[]): { at: number; value: number }[][] {
  const parts: { at: number; value: number }[][] = [[]];
  for (const { at, value } of points) {
    if (value === null) parts.push([]);
    else parts.at(-1)?.push({ at, value });
  }
  return parts.filter((part) => part.length > 0);
}

function stroke(
  part: readonly { at: number; value: number }[],
  { tone, x, y }: { tone: string; x: (at: number) => number; y: (value: number) => number },
): SVGElement {
  const [only] = part;
  if (part.length === 1 && only)
    return svg('circle', { cx: x(only.at), cy: y(only.value), r: 2.5, class: `dot ${tone}` });
  return svg('polyline', {
    points: part.map(({ at, value }) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' '),
    class: `line ${tone}`,
  });
}

/** 1, 2 or 5 times a power of ten. */
export function niceTop(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const lead = value / power;
  return (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10) * power;
}

function axis(value: number, unit: string): string {
  if (unit === 'ratio') return `${Math.round(value * 1000) / 10}%`;
  if (unit === 'us' || unit === 'ms' || unit === 's') return figure(value, unit);
  if (value >= 1e6) return `${value / 1e6}M`;
  return value >= 10_000 ? `${value / 1000}k` : String(Math.round(value * 1000) / 1000);
}

function label(at: number, window: number): string {
  const date = new Date(at);
  if (window > 172_800_000) return date.toLocaleDateString(undefined, { day: 'numeric', month: 'short' });
  return date.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}

function tableOf({ title, unit, lines }: ChartOrder): HTMLElement {
  const instants = [...new Set(lines.flatMap(({ points }) => points.map(({ at }) => at)))].sort((a, b) => b - a);
  const value = (points: readonly Point[], at: number) => points.find((point) => point.at === at)?.value ?? null;
  const filled = instants.filter((at) => lines.some(({ points }) => value(points, at) !== null));
  return table({
    caption: title,
    columns: ['Time', ...lines.map(({ name }) => ({ head: name, number: true }))],
    rows: filled.map((at) =>
      row(moment(at), ...lines.map(({ points }) => ({ number: figure(value(points, at), unit) }))),
    ),
    empty: { title: 'No data in this window' },
  });
}

/** A small line without axes, for beside a figure; what it shows is said in words there. */
export function sparkline(values: readonly number[]): SVGSVGElement {
  const top = Math.max(1, ...values);
  const points = values.map(
    (value, i) => `${((i / Math.max(1, values.length - 1)) * 100).toFixed(1)},${(22 - (value / top) * 20).toFixed(1)}`,
  );
  return svg(
    'svg',
    { viewBox: '0 0 100 24', class: 'spark', 'aria-hidden': 'true', preserveAspectRatio: 'none' },
    svg('polyline', { points: points.join(' '), class: 'line one' }),
  );
}
