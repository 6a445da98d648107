/** Which groups of a regular expression hold the secret, where the source does not name one. */

import { parseWithGroups } from '../prefilter/parse-regex.ts';
import type { Node } from '../prefilter/syntax.ts';
import { type DraftRule, hasGroup } from './imported-rules.ts';

/**
 * The first group, and those in other branches of an alternation, of which a match never has both: the first that holds anything
 * is the secret.
 */
export function firstGroups(regex: string): readonly number[] {
  const parsed = parseWithGroups(regex);
  if (parsed === null) return [hasGroup(regex) ? 1 : 0];
  const kept: number[] = [];
  for (const [i, group] of parsed.groups.entries()) {
    const others = kept.map((number) => parsed.groups[number - 1] as Node);
    if (others.every((other) => areApart(parsed.tree, other, group))) kept.push(i + 1);
  }
  return kept.length === 0 ? [0] : kept;
}

/** All groups: each holds a part of what was found. */
export function allGroups(regex: string): readonly number[] {
  const parsed = parseWithGroups(regex);
  if (parsed === null) return [hasGroup(regex) ? 1 : 0];
  return parsed.groups.length === 0 ? [0] : parsed.groups.map((_, i) => i + 1);
}

/** One rule for each of these groups; the first keeps its name. */
export function forEachGroup(rule: DraftRule, groups: readonly number[]): DraftRule[] {
  return groups.map((group, i) => ({
    ...rule,
    id: i === 0 ? rule.id : `${rule.id}-${i + 1}`,
    secret_group: group,
  }));
}

function areApart(tree: Node, one: Node, other: Node): boolean {
  if (tree.kind === 'repeat') return areApart(tree.part, one, other);
  if (tree.kind !== 'alt' && tree.kind !== 'cat') return false;
  const [first, second] = [one, other].map((node) => tree.parts.findIndex((part) => holds(part, node)));
  if (first === undefined || second === undefined || first < 0 || second < 0) return false;
  return first === second ? areApart(tree.parts[first] as Node, one, other) : tree.kind === 'alt';
}

function holds(tree: Node, node: Node): boolean {
  if (tree === node) return true;
  if (tree.kind === 'repeat') return holds(tree.part, node);
  return (tree.kind === 'alt' || tree.kind === 'cat') && tree.parts.some((part) => holds(part, node));
}
