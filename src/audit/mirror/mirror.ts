/**
 * A mirror of another node's log, in the very format of a log: `verifyLog`, queries, exports and proofs work on it. It takes
 * shipments, in whatever order and from whomever they come, and grows only by what the node's own key signed.
 *
 * INVARIANT: the published checkpoint, and everything under it, is as the node signed it and as it was before: nothing that
 * comes later changes or shortens it. What does not fit is told as a fault and leaves the mirror as it was.
 *
 *   signature → append to a copy of the tree → consistency with the signed checkpoint → adopt → tiles → sync → checkpoint
 *
 * A crash leaves the last checkpoint and some tiles beyond it, which are written again when the same shipments come again.
 */

import { join } from 'node:path';
import { writeDurable } from '../../store/durable-file.ts';
import { type Files, nodeFiles } from '../../store/files.ts';
import { parseCheckpoint, type SignedCheckpoint } from '../checkpoint.ts';
import { edgeAt } from '../edge-at.ts';
import { isConsistent, rootAt } from '../proof.ts';
import { writePruning } from '../pruning.ts';
import { CHECKPOINT_FILE, LogDamaged, publishedCheckpoint } from '../recover.ts';
import { checkNote, type NoteVerifier } from '../signed-note.ts';
import { TILE_WIDTH } from '../tile-path.ts';
import { NoProof } from '../tile-tree.ts';
import { TileWriter } from '../tile-writer.ts';
import { type TileFile, Tree } from '../tree.ts';
import { Evidence } from './evidence.ts';
import type { MirrorFault, MirrorFaultKind } from './mirror-fault.ts';
import { prunedBy } from './mirror-pruning.ts';
import { notePruning } from './mirror-retention.ts';
import { decodeShipment, type Shipment, type ShipmentBody, shipmentEnd } from './shipment.ts';

export type Taken =
  | { readonly is: 'grown'; readonly entries: number }
  /** All of it was there already. */
  | { readonly is: 'known' }
  | { readonly is: 'refused'; readonly fault: MirrorFault };

export interface MirrorOptions {
  /** Directory of the mirrored log; must exist, and have one writer. */
  readonly dir: string;
  /** Keys of the node's log. */
  readonly verifiers: readonly NoteVerifier[];
  readonly files?: Files;
}

export interface MirrorState {
  /** Entries that were taken; those beyond `published` come again after a crash. */
  readonly size: number;
  /** Entries under the mirror's checkpoint. */
  readonly published: number;
  /** Entries under the largest checkpoint of the node that came, in whatever shipment. */
  readonly signed: number;
  /** Lasts until what is missing has come; `forked` lasts. */
  readonly fault: MirrorFault | null;
}

/** A signed checkpoint that the tree was shown to lead to. */
interface Goal {
  readonly size: number;
  readonly root: Buffer;
  readonly text: string;
}

export class Mirror {
  readonly #options: MirrorOptions;
  readonly #files: Files;
  readonly #tiles: TileWriter;
  readonly #evidence: Evidence;
  #tree: Tree;
  #published: SignedCheckpoint | null;
  #goal: Goal | null = null;
  /** Of the largest checkpoint of the node that came. */
  #farthest: Goal | null = null;
  #fault: MirrorFault | null;
  /** Where the fault ends: once so many entries are there, it is mended. */
  #faultTo = 0;
  /** End of what came as hashes, since the checkpoint. */
  #hashedTo = 0;
  /** The newest `log.pruned` event that came since the checkpoint. */
  #pruning: { readonly seq: number; readonly firstKept: number } | null = null;

  /** Throws `LogDamaged`: the directory holds a log that is not what its checkpoint says. */
  constructor(options: MirrorOptions) {
    const { dir, files = nodeFiles } = options;
    this.#options = options;
    this.#files = files;
    this.#tiles = new TileWriter(dir, files);
    this.#evidence = new Evidence(dir, files);
    this.#published = publishedCheckpoint(dir, files);
    this.#tree = treeAt(dir, this.#published, files);
    const kept = this.#evidence.read();
    this.#fault = kept?.fault ?? null;
    this.#faultTo = kept?.to ?? 0;
  }

  get state(): MirrorState {
    return {
      size: this.#tree.size,
      published: this.#published?.size ?? 0,
      signed: Math.max(this.#farthest?.size ?? 0, this.#tree.size),
      fault: this.#fault,
    };
  }

  /** Root of the tree of all that was taken. */
  root(): Buffer {
    return this.#tree.root();
  }

  /** One at a time. Rejects only when the disk fails; then the mirror is to be opened again. */
  async take(bytes: Uint8Array): Promise<Taken> {
    const decoded = decodeShipment(bytes);
    if (!decoded.ok) return this.#refused('malformed', this.#tree.size, decoded.error);
    const shipment = decoded.value;
    const signed = this.#authentic(shipment.note);
    if (typeof signed === 'string') return this.#refused('foreign', this.#tree.size, signed);
    if (signed.size < shipmentEnd(shipment)) {
      return this.#refused('malformed', shipment.first, 'its checkpoint does not cover its entries');
    }
    if (this.#fault?.kind === 'forked') return { is: 'refused', fault: this.#fault };
    const { size, root } = signed;
    if (size > (this.#farthest?.size ?? 0)) this.#farthest = { size, root, text: shipment.note };
    return this.#contradicts(signed)
      ? this.#forked(0, { to: size, note: shipment.note })
      : this.#place(shipment, signed);
  }

  /** Writes what was taken; publishes the checkpoint that it leads to. Durable when it resolves. */
  async flush(): Promise<void> {
    await this.#tiles.flush();
    const goal = this.#goal;
    if (goal === null || goal.size !== this.#tree.size || goal.size === this.#published?.size) return;
    if (this.#hashedTo > (this.#pruning?.firstKept ?? 0)) await this.#drop(goal);
    else await this.#publish(goal);
  }

  async #publish(goal: Goal): Promise<void> {
    const { dir } = this.#options;
    await this.#tiles.prepare(this.#tree.edge());
    await this.#tiles.sync();
    // Before the checkpoint: a crash in between is mended when the same shipments come again.
    if (this.#pruning !== null) await notePruning(dir, this.#pruning, this.#files);
    if (this.#hashedTo > 0) await writePruning(dir, this.#pruning?.seq ?? 0, this.#files);
    await writeDurable(join(dir, CHECKPOINT_FILE), goal.text, this.#files);
    this.#published = mustParse(goal.text);
    this.#hashedTo = 0;
    this.#pruning = null;
    const far = this.#farthest;
    if (far !== null && this.#contradicts(far)) await this.#forked(0, { to: far.size, note: far.text });
    else if (this.#fault !== null && this.#fault.kind !== 'forked' && goal.size >= this.#faultTo) await this.#mended();
  }

  /** Somebody between put hashes in the place of entries, or the node did: they are not taken for entries. */
  async #drop(goal: Goal): Promise<void> {
    const seq = this.#published?.size ?? 0;
    const why = `hashes came in place of entries before ${this.#hashedTo}, and no \`log.pruned\` event tells of it`;
    await this.#stop('altered', { seq, to: goal.size, note: goal.text }, why);
    this.#tree = treeAt(this.#options.dir, this.#published, this.#files);
    this.#goal = null;
    this.#hashedTo = 0;
    this.#pruning = null;
  }

  /** Keeps the published checkpoint for ever. */
  async keep(): Promise<void> {
    if (this.#published === null) return;
    const bytes = this.#files.read(join(this.#options.dir, CHECKPOINT_FILE));
    await this.#tiles.keep(this.#published.size, Buffer.from(bytes).toString('utf8'));
  }

  /** The checkpoint, or why it is not of this node. */
  #authentic(note: string): SignedCheckpoint | string {
    const parsed = parseCheckpoint(note);
    if (!parsed.ok) return parsed.error;
    const verifiers = this.#options.verifiers.filter(({ type }) => type === 'log');
    const status = checkNote(parsed.value.note, verifiers);
    if (status === 'unknown_key') return 'it is signed by a key that is not pinned for this node';
    if (status === 'bad_signature') return 'its signature does not verify';
    const known = this.#published === null || this.#published.origin === parsed.value.origin;
    return known ? parsed.value : `it is of the log \`${parsed.value.origin}\`, not of \`${this.#published?.origin}\``;
  }

  /** Another tree of a size that is known, under a signature of the node: nobody else can make that. */
  #contradicts({ size, root }: { readonly size: number; readonly root: Buffer }): boolean {
    if (size === this.#goal?.size) return !root.equals(this.#goal.root);
    if (this.#published === null || size > this.#published.size) return false;
    try {
      return !rootAt(this.#options.dir, size, this.#files).equals(root);
    } catch (error) {
      // In the midst of what is kept as hashes alone.
      if (error instanceof NoProof) return false;
      throw error;
    }
  }

  async #place(shipment: Shipment, signed: SignedCheckpoint): Promise<Taken> {
    const size = this.#tree.size;
    const { first, note } = shipment;
    const end = shipmentEnd(shipment);
    if (end <= size) return { is: 'known' };
    if (first > size) {
      const why = `entries ${size} to ${first - 1} have not come`;
      return this.#stop('gap', { seq: size, to: first, note }, why);
    }
    const grown = this.#grown(this.#tree, restFrom(shipment, size), signed);
    if (grown !== null) return this.#adopt(grown, shipment, signed);
    if (first < size && this.#leadsElsewhere(shipment, signed)) {
      return this.#forked(first, { to: end, note });
    }
    const why = `entries ${Math.max(first, size)} to ${end - 1} do not lead from the mirror to what the node signed`;
    return this.#stop('altered', { seq: Math.max(first, size), to: end, note }, why);
  }

  /** The tree with what is shipped, when that leads to the signed checkpoint. */
  #grown(from: Tree, shipment: Shipment | null, signed: SignedCheckpoint): Grown | null {
    if (shipment === null) return null;
    const tree = from.copy();
    const full: TileFile[] = [];
    if (!append(tree, shipment.body, full)) return null;
    const claim = { oldSize: tree.size, oldRoot: tree.root(), newSize: signed.size, newRoot: signed.root };
    return isConsistent(claim, shipment.proof) ? { tree, full } : null;
  }

  #adopt({ tree, full }: Grown, shipment: Shipment, { size, root }: SignedCheckpoint): Taken {
    const before = this.#tree.size;
    this.#tree = tree;
    this.#tiles.add(full);
    this.#goal = { size, root, text: shipment.note };
    if (shipment.body.kind !== 'entries') this.#hashedTo = tree.size;
    else this.#pruning = prunedBy(shipment.body.entries, shipment.first) ?? this.#pruning;
    return { is: 'grown', entries: tree.size - before };
  }

  /** Do its entries, behind what the mirror holds before them, lead to what was signed? Then the mirror's own are others. */
  #leadsElsewhere(shipment: Shipment, signed: SignedCheckpoint): boolean {
    const { dir } = this.#options;
    if (shipment.first > (this.#published?.size ?? 0)) return false;
    const edge = edgeAt(dir, shipment.first, this.#files);
    return edge !== null && this.#grown(Tree.from(edge), shipment, signed) !== null;
  }

  #forked(seq: number, of: { readonly to: number; readonly note: string }): Promise<Taken> {
    return this.#stop('forked', { seq, ...of }, 'the key of the node signed another history than the one that is here');
  }

  #refused(kind: MirrorFaultKind, seq: number, why: string): Taken {
    return { is: 'refused', fault: { kind, seq, why } };
  }

  async #stop(kind: MirrorFaultKind, of: { seq: number; to: number; note: string }, why: string): Promise<Taken> {
    const fault = { kind, seq: of.seq, why };
    if (this.#fault === null || kind === 'forked') {
      // On disk before it is told: whoever hears of it finds it there.
      await this.#evidence.write(fault, of);
      this.#fault = fault;
      this.#faultTo = of.to;
    }
    return { is: 'refused', fault };
  }

  async #mended(): Promise<void> {
    await this.#evidence.remove();
    this.#fault = null;
  }
}

interface Grown {
  readonly tree: Tree;
  readonly full: readonly TileFile[];
}

function treeAt(dir: string, published: SignedCheckpoint | null, files: Files): Tree {
  if (published === null) return new Tree();
  const edge = edgeAt(dir, published.size, files);
  if (edge === null) throw new LogDamaged(dir, 'the tiles of its checkpoint are not there');
  const tree = Tree.from(edge);
  if (!tree.root().equals(published.root)) throw new LogDamaged(dir, 'its checkpoint does not match its tiles');
  return tree;
}

/** What of a shipment comes after the first `size` entries; null when its hashes do not divide there. */
function restFrom(shipment: Shipment, size: number): Shipment | null {
  const skip = size - shipment.first;
  if (skip <= 0) return shipment;
  const { body } = shipment;
  if (body.kind === 'entries')
    return { ...shipment, first: size, body: { ...body, entries: body.entries.slice(skip) } };
  const span = body.kind === 'bundles' ? TILE_WIDTH : 1;
  return skip % span === 0
    ? { ...shipment, first: size, body: { ...body, hashes: body.hashes.slice(skip / span) } }
    : null;
}

/** False for hashes that do not stand where whole bundles begin or end. */
function append(tree: Tree, body: ShipmentBody, full: TileFile[]): boolean {
  if (body.kind === 'entries') {
    for (const entry of body.entries) tree.append(entry, full);
    return true;
  }
  if (body.kind === 'bundles') {
    if (tree.size % TILE_WIDTH !== 0) return false;
    for (const of of body.hashes) tree.appendBundle(of, full);
    return true;
  }
  for (const of of body.hashes) tree.appendLeaf(of, full);
  return tree.size % TILE_WIDTH === 0;
}

function mustParse(text: string): SignedCheckpoint {
  const parsed = parseCheckpoint(text);
  if (!parsed.ok) throw new Error('a checkpoint that was verified does not parse');
  return parsed.value;
}
