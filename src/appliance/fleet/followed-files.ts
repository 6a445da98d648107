/** Policy files as a member has them from its hub: each archive unpacked into a directory of its own, named by digest. */

import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RevisionRoots } from '../../control/load-revision.ts';
import type { Fetch } from '../../fleet/member-parts.ts';
import type { FollowedFiles } from '../../fleet/member-state.ts';
import { filesIn, unpackInto } from '../../fleet/policy-archive.ts';
import { makeDirectories } from '../../store/make-directory.ts';

type Archive = FollowedFiles['edited'];

/** Roots that can be exchanged: whoever reads one reads the one in force. Its values are its own, so that it can be cloned. */
export class ExchangeableRoots {
  #now: RevisionRoots;
  #exchanged = false;
  readonly roots: RevisionRoots;

  constructor(first: RevisionRoots) {
    this.#now = first;
    const now = () => this.#now;
    this.roots = {
      get rules() {
        return now().rules;
      },
      get edits() {
        return now().edits;
      },
      get categories() {
        return now().categories;
      },
      get imports() {
        return now().imports;
      },
    };
  }

  /** Whether they are others than at first. */
  get exchanged(): boolean {
    return this.#exchanged;
  }

  set(next: RevisionRoots): void {
    this.#now = next;
    this.#exchanged = true;
  }
}

export class FilesStore {
  readonly #dir: string;

  /** `dir`: made when it is needed. */
  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Null where one of them is not there. */
  rootsOf({ edited, imports }: FollowedFiles): RevisionRoots | null {
    const dir = this.#pathOf(edited);
    const lists = imports && this.#pathOf(imports);
    if (!existsSync(dir) || (lists !== null && !existsSync(lists))) return null;
    const edits = join(dir, 'edits');
    return {
      rules: [join(dir, 'rules')],
      edits: existsSync(edits) ? edits : join(dir, 'rules'),
      categories: [join(dir, 'categories')],
      imports: lists && join(lists, 'imports'),
    };
  }

  /** Fetches and unpacks what is missing. Rejects when it cannot be had, or is no archive. */
  async have(files: FollowedFiles, fetch: Fetch): Promise<RevisionRoots> {
    for (const archive of [files.edited, ...(files.imports ? [files.imports] : [])]) {
      if (!existsSync(this.#pathOf(archive))) await this.#unpack(archive, await fetch(archive));
    }
    const roots = this.rootsOf(files);
    if (roots === null) throw new Error('the files of the hub were unpacked and are not there');
    return roots;
  }

  /** Drops all others. */
  keepOnly({ edited, imports }: FollowedFiles): void {
    if (!existsSync(this.#dir)) return;
    const kept = new Set([edited.digest, imports?.digest]);
    for (const name of readdirSync(this.#dir)) {
      if (!kept.has(name)) rmSync(join(this.#dir, name), { recursive: true, force: true });
    }
  }

  /** Under its own name only when it is whole. */
  async #unpack(archive: Archive, bytes: Uint8Array): Promise<void> {
    const files = filesIn(bytes);
    if (!files.ok) throw new Error(`the files of the hub are no archive: ${files.error}`);
    const to = this.#pathOf(archive);
    const temporary = `${to}.new`;
    rmSync(temporary, { recursive: true, force: true });
    makeDirectories(temporary);
    await unpackInto(temporary, files.value);
    renameSync(temporary, to);
  }

  #pathOf({ digest }: Archive): string {
    return join(this.#dir, digest);
  }
}
