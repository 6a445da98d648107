/** Which requests two bundles decide differently: listed ones, and recorded ones under the controls of then; grouped. */

import { type Controls, NO_CONTROLS } from '../../core/controls.ts';
import type { Decision } from '../../core/decision.ts';
import type { DecisionEvent } from '../../core/event.ts';
import { parseHost } from '../../core/host.ts';
import type { CategorySource } from '../../core/ports.ts';
import { admit } from '../admission/admission.ts';
import type { Bundle } from '../bundle/bundle.ts';
import { NOTHING_WAIVED } from '../case.ts';
import { decideBare } from '../decide.ts';
import { questionFrom } from '../decision-input.ts';
import { type WhatIf, whatIf } from './what-if.ts';

export interface RequestGroup {
  readonly tenant: string;
  readonly class: string;
  readonly method: string;
  readonly host: string;
  readonly before: string;
  readonly after: string;
  readonly count: number;
  /** A URL, or the id of a recorded decision. */
  readonly example: string;
}

/** Beyond this many groups, further ones are counted together: a sandbox chooses the hosts that it asks for. */
const MOST_GROUPS = 10_000;
const OTHERS = '(others)';

export class RequestDiff {
  readonly #a: Bundle;
  readonly #b: Bundle;
  readonly #groups = new Map<string, { group: RequestGroup; count: number }>();
  compared = 0;
  changed = 0;

  constructor(a: Bundle, b: Bundle) {
    this.#a = a;
    this.#b = b;
  }

  /** The error says what is wrong with the question. */
  listed(question: WhatIf, categories: CategorySource): string | null {
    const [a, b] = [this.#a, this.#b].map((bundle) =>
      whatIf(question, { bundle, categories, controls: NO_CONTROLS }, 0),
    );
    if (!a?.ok) return a?.error ?? 'no answer';
    if (!b?.ok) return b?.error ?? 'no answer';
    const host = parseHost(URL.parse(question.url)?.hostname ?? '');
    this.#add([wordsOf(a.value), wordsOf(b.value)], {
      tenant: question.tenant,
      class: question.class ?? '-',
      method: question.method,
      host: host.ok ? host.value.name : '-',
      example: question.url,
    });
    return null;
  }

  recorded(event: DecisionEvent, controls: Controls | null): void {
    const question = event.step === null ? null : questionFrom(event);
    if (!question) return;
    const [before = '', after = ''] = [this.#a, this.#b].map((bundle) => {
      const { principal } = question;
      const admission = principal && admit({ ...principal, caller: 'offline', kind: 'sandbox' }, bundle);
      if (admission && !admission.admitted) return 'deny pass_not_admitted';
      const held = principal && admission ? { ...principal, capabilities: admission.capabilities } : principal;
      const world = { bundle, controls: controls ?? NO_CONTROLS, waived: NOTHING_WAIVED };
      return wordsOf(decideBare({ ...question, principal: held }, world));
    });
    this.#add([before, after], {
      tenant: event.tenant ?? '-',
      class: event.input.class ?? '-',
      method: event.input.method,
      host: event.input.host ?? '-',
      example: event.id,
    });
  }

  /** By falling count. */
  groups(): readonly RequestGroup[] {
    const all = [...this.#groups.values()].map(({ group, count }) => ({ ...group, count }));
    return all.sort((x, y) => y.count - x.count || (x.example < y.example ? -1 : 1));
  }

  #add([before, after]: readonly [string, string], who: Asking): void {
    this.compared += 1;
    if (before === after) return;
    this.changed += 1;
    if (this.#count(who, before, after)) return;
    const full = this.#groups.size >= MOST_GROUPS;
    const at = full ? { ...who, tenant: OTHERS, class: OTHERS, method: OTHERS, host: OTHERS } : who;
    if (full && this.#count(at, before, after)) return;
    this.#groups.set(keyOf(at, before, after), { group: { ...at, before, after, count: 0 }, count: 1 });
  }

  #count(who: Asking, before: string, after: string): boolean {
    const known = this.#groups.get(keyOf(who, before, after));
    if (known) known.count += 1;
    return known !== undefined;
  }
}

type Asking = Omit<RequestGroup, 'before' | 'after' | 'count'>;

function keyOf({ tenant, class: name, method, host }: Asking, before: string, after: string): string {
  return [tenant, name, method, host, before, after].join('\n');
}

function wordsOf({ effect, reason, capability }: Pick<Decision, 'effect' | 'reason' | 'capability'>): string {
  return capability === null ? `${effect} ${reason}` : `${effect} ${reason} by ${capability}`;
}
