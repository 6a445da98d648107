/**
 * Small JSON documents in a directory (controls, cursors, settings): each write is durable before it is acknowledged,
 * and writes of one document never overtake each other.
 */

import { join } from 'node:path';
import { readIfThere, writeDurable } from './durable-file.ts';
import { type Files, nodeFiles } from './files.ts';

/** A document that is on disk but cannot be read as JSON: somebody edited it, or the disk is failing. */
export class DocumentDamaged extends Error {
  readonly code = 'DOCUMENT_DAMAGED';
  constructor(path: string) {
    super(`\`${path}\` is not valid JSON; restore it from a backup, or move it away to start without it`);
  }
}

export interface Documents {
  /** The value last written, or null when there is none. Throws `DocumentDamaged`. */
  read(name: string): unknown;
  /** Resolves when the value is durable. */
  write(name: string, value: unknown): Promise<void>;
  remove(name: string): Promise<void>;
  /** Names of the documents that exist, sorted. */
  names(): string[];
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,99}$/;

/** `dir` must exist. Names are lower-case letters, digits, `.`, `_` and `-`. */
export function openDocuments(dir: string, files: Files = nodeFiles): Documents {
  const last = new Map<string, Promise<void>>();
  const path = (name: string): string => {
    if (!NAME.test(name)) throw new RangeError(`\`${name}\` is not a document name; use lower-case letters and digits`);
    return join(dir, `${name}.json`);
  };
  const inOrder = (name: string, act: () => Promise<void>): Promise<void> => {
    const next = (last.get(name) ?? Promise.resolve()).then(act, act);
    last.set(name, next);
    const forget = () => {
      if (last.get(name) === next) last.delete(name);
    };
    next.then(forget, forget);
    return next;
  };
  return {
    read(name) {
      const bytes = readIfThere(path(name), files);
      if (bytes === null) return null;
      try {
        return JSON.parse(Buffer.from(bytes).toString('utf8'));
      } catch {
        throw new DocumentDamaged(path(name));
      }
    },
    write(name, value) {
      const to = path(name);
      const text = `${JSON.stringify(value)}\n`;
      return inOrder(name, () => writeDurable(to, text, files));
    },
    remove(name) {
      const at = path(name);
      return inOrder(name, async () => {
        await files.remove(at);
        await files.syncDirectory(dir);
      });
    },
    names: () =>
      files
        .list(dir)
        .filter((n) => n.endsWith('.json'))
        .map((n) => n.slice(0, -'.json'.length)),
  };
}
