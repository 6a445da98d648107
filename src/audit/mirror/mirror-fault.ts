/** What can be wrong with what comes for a mirror. */

/**
 * Closed list: a label of `locktender_fleet_records_refused_total`.
 * `malformed`, `foreign`: it is not of this node, whoever sent it. `gap`: entries before it have not come. `altered`: its entries
 * are not those that the node signed, or do not continue the mirror. `forked`: the node's key signed another history.
 */
export type MirrorFaultKind = 'malformed' | 'foreign' | 'gap' | 'altered' | 'forked';

export interface MirrorFault {
  readonly kind: MirrorFaultKind;
  /** Sequence of the first entry that is in question. */
  readonly seq: number;
  readonly why: string;
}
