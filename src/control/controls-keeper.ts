/**
 * Controls on disk, and their changes in the log. A change is on disk together with the event that tells of it, until that event
 * is known to be in the log: no crash and no failure of the log leaves a change in force that the record does not know, and
 * later ones never come before it.
 */

import type { Controls } from '../core/controls.ts';
import type { EventBody } from '../core/event.ts';
import type { AuditSink, Log } from '../core/ports.ts';
import type { ControlChange } from '../policy/controls/control-undo.ts';
import type { Documents } from '../store/documents.ts';
import { type StoredControls, writeControls } from './controls-document.ts';

export interface KeeperParts {
  readonly documents: Documents;
  readonly audit: AuditSink;
  readonly log: Log;
}

export interface ControlsState {
  readonly controls: Controls;
  readonly history: readonly ControlChange[];
}

export interface NotKept {
  /** It is on disk, and only the log does not have it yet. */
  readonly durable: boolean;
  readonly why: string;
}

export function whatIsMissing({ durable, why }: NotKept): string {
  return durable
    ? `in force, but not recorded yet: ${why}; it will be as soon as that can be`
    : `in force, but not durable: ${why}; a restart before that is mended would forget it, repeat it then`;
}

export class ControlsKeeper {
  readonly #parts: KeeperParts;
  /** Events of changes that are in force and not in the log, oldest first. */
  #unrecorded: readonly EventBody[] = [];
  /** What is on disk may be a change that did not come into force. */
  #astray = false;
  /** The last write that nobody waited for. */
  #marked: Promise<void> = Promise.resolve();

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /** Something is in force that the log does not know, or something on disk that is not in force. */
  get behind(): boolean {
    return this.#unrecorded.length > 0 || this.#astray;
  }

  /** Records what a crash, or a log that failed, kept from it. Rejects when that cannot be. */
  async recover({ unrecorded, ...state }: StoredControls): Promise<void> {
    this.#unrecorded = unrecorded;
    if (unrecorded.length === 0) return;
    // The same event id may then be in the log twice; readers take the first.
    await this.#record();
    await this.#write(state);
  }

  /**
   * Makes durable what is about to come into force, with what would tell of it after a crash. When it rejects, what is in force
   * is written again: a write may fail when the new content is there already, and a restart would bring it into force.
   */
  async prepare(state: ControlsState, event: EventBody, inForce: ControlsState): Promise<void> {
    try {
      await this.#write(state, [...this.#unrecorded, event]);
    } catch (error) {
      this.#astray = true;
      await this.#write(inForce).catch((again: unknown) =>
        this.#parts.log.error({ error: again }, 'a change that was refused may still be on disk; it is tried again'),
      );
      throw error;
    }
  }

  /** Makes a change that is in force durable and recorded. Never rejects; null when both were done. */
  keep(state: ControlsState, event: EventBody): Promise<NotKept | null> {
    this.#unrecorded = [...this.#unrecorded, event];
    return this.#catchUp(state);
  }

  /** Tries again what could not be done before. */
  async retry(state: ControlsState): Promise<void> {
    // Without a change in force that the log lacks, nothing but the disk is needed.
    if (this.#unrecorded.length > 0 ? this.#parts.audit.writable() : this.#astray) await this.#catchUp(state);
  }

  /** Resolves when nothing is under way. */
  settled(): Promise<void> {
    return this.#marked;
  }

  async #catchUp(state: ControlsState): Promise<NotKept | null> {
    let durable = false;
    try {
      await this.#write(state);
      durable = true;
      await this.#record();
    } catch (error) {
      this.#parts.log.error({ error, version: state.controls.version }, 'a change of controls could not be kept');
      return { durable, why: error instanceof Error ? error.message : 'unknown' };
    }
    // Not awaited: losing it makes a restart record the event once more, under the same id.
    this.#marked = this.#write(state).catch((error) =>
      this.#parts.log.warn({ error }, 'the controls could not be marked as recorded'),
    );
    return null;
  }

  async #record(): Promise<void> {
    for (const event of this.#unrecorded) {
      await this.#parts.audit.record(event);
      this.#unrecorded = this.#unrecorded.filter((other) => other !== event);
    }
  }

  async #write(state: ControlsState, unrecorded = this.#unrecorded): Promise<void> {
    await writeControls(this.#parts.documents, { ...state, unrecorded });
    this.#astray = false;
  }
}
