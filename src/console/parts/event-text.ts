/** What an event of the record says, in a few words and a sign. */

import { badge, hostOf, type IconName, verdict } from '../dom.ts';
import { bytes, span } from '../format.ts';

export type Event = Readonly<Record<string, unknown>>;

export const textOf = (event: Event, key: string): string => {
  const value = event[key];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
};

export const objectOf = (event: Event, key: string): Event => (event[key] ?? {}) as Event;

const SIGNS: Readonly<Record<string, IconName>> = {
  decision: 'shield',
  'flow.closed': 'dash',
  'task.admitted': 'start',
  'task.finished': 'flag',
  'guard.verdict': 'shield',
  'control.changed': 'cut',
};

export const signOf = (event: Event): IconName => SIGNS[textOf(event, 'type')] ?? 'dash';

export function stateOf(event: Event): HTMLElement | null {
  const type = textOf(event, 'type');
  if (type === 'decision') return verdict(textOf(event, 'effect'));
  if (type === 'guard.verdict') return verdict(textOf(event, 'action'));
  if (type === 'task.finished') return verdict(textOf(event, 'status'));
  if (type === 'task.admitted') return event['admitted'] === true ? badge('good', 'admitted') : badge('bad', 'refused');
  if (type === 'control.changed') return badge('warn', 'changed', 'cut');
  if (type === 'admin.access')
    return Number(event['status']) < 400
      ? badge('good', textOf(event, 'status'))
      : badge('bad', textOf(event, 'status'));
  return null;
}

/** One line. */
export function sayEvent(event: Event): string {
  const input = objectOf(event, 'input');
  switch (textOf(event, 'type')) {
    case 'decision':
      return `${textOf(input, 'method')} ${hostOf(event) ?? ''}${textOf(input, 'path')} · ${textOf(event, 'reason')}`;
    case 'flow.closed':
      return `${textOf(event, 'cause')} · ${bytes(Number(event['bytes_up']))} up, ${bytes(Number(event['bytes_down']))} down in ${span(Number(event['duration_ms']))}${event['change'] === null ? '' : ` · cut by ${textOf(event, 'change')}`}`;
    case 'guard.verdict':
      return `${textOf(event, 'direction')} · ${findingsOf(event)}${event['unread'] === true ? ' · not all of it was looked at' : ''}`;
    case 'task.admitted':
      return `${textOf(event, 'class')} / ${textOf(event, 'profile')} · risk ${textOf(event, 'risk')}${event['reason'] === null ? '' : ` · ${textOf(event, 'reason')}`}`;
    case 'task.finished':
      return `wall ${span(Number(objectOf(event, 'usage')['wall_ms']))}, CPU ${span(Number(objectOf(event, 'usage')['cpu_ms']))} · behind ${textOf(event, 'wall')}`;
    case 'control.changed':
      return `${sayAction(objectOf(event, 'action'))} · ${textOf(event, 'by')}: ${textOf(event, 'why')}`;
    case 'admin.access':
      return [
        textOf(event, 'actor'),
        textOf(event, 'method'),
        textOf(event, 'route'),
        textOf(event, 'on'),
        textOf(event, 'why'),
      ]
        .filter((part) => part !== '')
        .join(' · ');
    case 'rules.loaded':
      return event['refused'] === null
        ? `${textOf(event, 'count')} rules, digest ${textOf(event, 'rules').slice(0, 12)}`
        : `refused: ${textOf(event, 'refused')}`;
    case 'bundle.loaded':
      return event['refused'] === null
        ? `policy ${textOf(event, 'bundle').slice(0, 12)}`
        : `refused: ${textOf(event, 'refused')}`;
    case 'node.started':
      return `${textOf(event, 'node')}, version ${textOf(event, 'version')}`;
    case 'fleet.lease':
      return `${textOf(event, 'state')} · hub ${textOf(event, 'hub')}, order ${textOf(event, 'sequence')}${event['change'] === null ? '' : ` · cut ${textOf(event, 'cut')} of ${textOf(event, 'live')}`}`;
    case 'control.pending':
      return `${sayAction(objectOf(event, 'action'))} ${textOf(event, 'state')} · ${textOf(event, 'by')}: ${textOf(event, 'why')}`;
    default:
      return ['reason', 'refused', 'version', 'by', 'why', 'rules', 'bundle']
        .map((key) => textOf(event, key).replace(/^[0-9a-f]{64}$/, (digest) => `${digest.slice(0, 12)}…`))
        .filter((part) => part !== '')
        .join(' · ');
  }
}

function findingsOf(event: Event): string {
  const findings = (event['findings'] ?? []) as readonly Event[];
  const byRule = new Map<string, number>();
  for (const finding of findings) byRule.set(textOf(finding, 'rule'), (byRule.get(textOf(finding, 'rule')) ?? 0) + 1);
  return [...byRule].map(([rule, n]) => (n === 1 ? rule : `${rule} ×${n}`)).join(', ') || 'no finding';
}

/** `category.block net-disks` from `{ do: 'category.block', category: 'net-disks' }`. */
export function sayAction(action: Event): string {
  const named = Object.entries(action).filter(([key, value]) => key !== 'do' && typeof value === 'string');
  return [action['do'], ...named.map(([, value]) => value)].join(' ');
}
