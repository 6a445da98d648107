/** What the members of `bench/fleet.ts` say, gathered until all of them have. */

import type { HalvesSaid } from './member-halves.ts';

export class Heard {
  readonly #all: number;
  readonly #cuts = new Map<number, Map<string, number>>();
  readonly #denials = new Map<string, number>();
  #wake: () => void = () => undefined;

  constructor(all: number) {
    this.#all = all;
  }

  said(said: Exclude<HalvesSaid, { kind: 'ready' }>): void {
    if (said.kind === 'denies') this.#denials.set(said.node, said.at);
    else {
      const round = this.#cuts.get(said.round) ?? new Map<string, number>();
      this.#cuts.set(said.round, round.set(said.node, said.at));
    }
    this.#wake();
  }

  cuts(round: number): Promise<number[]> {
    return this.#whole(() => this.#cuts.get(round) ?? new Map());
  }

  denials(): Promise<number[]> {
    this.#denials.clear();
    return this.#whole(() => this.#denials);
  }

  async #whole(of: () => ReadonlyMap<string, number>): Promise<number[]> {
    while (of().size < this.#all) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return [...of().values()];
  }
}
