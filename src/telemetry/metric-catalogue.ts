/**
 * Every metric that is documented: its type, its labels and what it means. `docs/metrics.md` has one row for each, and
 * the dashboard and the alert rules use no other; a test compares all of them.
 */

export type MetricType = 'counter' | 'gauge' | 'histogram';

export interface MetricRow {
  readonly type: MetricType;
  readonly labels: readonly string[];
  readonly help: string;
  /** Histograms only; upper bounds in the unit of the name. */
  readonly buckets?: readonly number[];
}

/** 1 µs to 1 s, for what should take microseconds. */
const MICRO = [1e-6, 2e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 5e-3, 1e-2, 0.1, 1];
/** 100 µs to 10 s, for what touches a disk, a process or a socket. */
const MILLI = [1e-4, 2.5e-4, 5e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const BYTES = [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864];
const COUNTS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096];

const counter = (help: string, ...labels: string[]): MetricRow => ({ type: 'counter', labels, help });
const gauge = (help: string, ...labels: string[]): MetricRow => ({ type: 'gauge', labels, help });
const histogram = (help: string, buckets: readonly number[], ...labels: string[]): MetricRow => ({
  type: 'histogram',
  labels,
  help,
  buckets,
});

export const METRICS: Readonly<Record<string, MetricRow>> = {
  // — decisions and flows —
  locktender_decisions_total: counter('Decisions recorded.', 'effect', 'reason', 'profile', 'door'),
  locktender_decision_seconds: histogram('Time to decide one request.', MICRO, 'cached'),
  locktender_unclassified_total: counter('Requests for a capability that no file defines.', 'capability'),
  locktender_flows: gauge('Live flows.', 'kind'),
  locktender_flow_bytes_total: counter('Bytes relayed.', 'direction'),
  locktender_flows_closed_total: counter('Flows ended.', 'cause'),
  locktender_connections_refused_total: counter('Connections refused because too many are open.'),
  locktender_workers: gauge('Egress workers, where there are several.'),
  locktender_workers_lost_total: counter('Egress workers that ended by themselves.'),
  locktender_admissions_total: counter('Passes and tasks asked for.', 'admitted', 'profile'),
  // — controls —
  locktender_control_changes_total: counter('Control changes applied.', 'action'),
  locktender_cut_seconds: histogram('Time from a control change to the end of the slowest flow it cut.', MILLI),
  locktender_flows_cut_total: counter('Flows that a control change cut.', 'action'),
  locktender_flows_missed_total: counter('Flows that should have been cut and were not confirmed in time.'),
  // — fleet —
  locktender_fleet_members: gauge('Members whose keys the hub knows.'),
  locktender_fleet_members_leased: gauge('Members that hold a lease; the others deny.'),
  locktender_fleet_members_behind: gauge('Members that do not have the latest order in force.'),
  locktender_fleet_members_doubled: gauge('Members of which two processes run with one key.'),
  locktender_fleet_sequence: gauge('Order of the fleet: at the hub the one given last, at a member the one in force.'),
  locktender_fleet_lease_seconds: gauge('Seconds that this member may still act; 0: it denies.'),
  locktender_fleet_leases_total: counter('Leases that the hub granted.'),
  locktender_fleet_orders_applied_total: counter('Orders of the hub that this member brought into force.'),
  locktender_fleet_refused_total: counter('Messages of a fleet that were not believed.', 'kind'),
  // — isolates —
  locktender_isolate_boot_seconds: histogram('Isolate taken to first line of tool code.', MILLI, 'pool'),
  locktender_tasks_total: counter('Tasks ended.', 'status', 'profile'),
  locktender_tasks_forced_total: counter('Tasks ended by force.', 'status'),
  locktender_isolates: gauge('Isolates.', 'state'),
  locktender_isolates_booted_total: counter('Isolates booted, ahead of tasks or for one.'),
  locktender_isolate_bytes: gauge('Memory of one booted isolate before a task is in it.'),
  // — guard —
  locktender_guard_bytes_total: counter('Bytes that the guard scanned.', 'direction'),
  locktender_guard_seconds_total: counter('Time that the guard spent scanning.', 'direction'),
  locktender_guard_verdicts_total: counter('Verdicts of the guard.', 'direction', 'action'),
  locktender_guard_findings_total: counter('Findings of the guard.', 'rule', 'action'),
  locktender_guard_workers: gauge('Threads that look at large bodies.'),
  locktender_guard_waiting: gauge('Windows of large bodies that wait for a thread.'),
  locktender_guard_worker_seconds_total: counter('Time that those threads spent.', 'work'),
  locktender_guard_workers_lost_total: counter('Those threads that ended or were ended.', 'cause'),
  locktender_guard_worker_refusals_total: counter('Bodies that nobody could look at; they did not pass.', 'cause'),
  locktender_guard_second_stage_total: counter('Uncertain spans of the second stage, by answer.', 'outcome'),
  // — the record —
  locktender_log_entries_total: counter('Entries made durable.', 'type'),
  locktender_log_bytes_total: counter('Bytes of entries made durable.'),
  locktender_log_commit_seconds: histogram('Time from handing an event to the log until it was durable.', MILLI),
  locktender_log_batch_entries: histogram('Entries that shared one commit.', COUNTS),
  locktender_log_rejected_total: counter('Events that could not be made durable.', 'cause'),
  locktender_log_kept_back_total: counter('Events kept in memory while the log could not be written.', 'fate'),
  locktender_log_truncated_total: counter('Events shortened to fit an entry.'),
  locktender_log_writable: gauge('1 while the log can be written, else 0.'),
  locktender_log_size: gauge('Entries in the log.'),
  locktender_log_lag_seconds: gauge('Age of the oldest entry that is not yet under a published checkpoint.'),
  locktender_log_witness_total: counter('Answers of witnesses to checkpoints of the log.', 'witness', 'outcome'),
  locktender_log_witnessed_size: gauge('Entries under the last checkpoint that a witness signed.', 'witness'),
  locktender_forward_entries_total: counter('Entries that a receiver of the record acknowledged.', 'sink'),
  locktender_forward_failures_total: counter('Failed tries to forward; each is tried again.', 'sink', 'cause'),
  locktender_forward_lost_total: counter('Entries that a receiver will never get.', 'sink'),
  locktender_forward_lag_entries: gauge('Published entries that a receiver has not acknowledged.', 'sink'),
  locktender_forward_lag_seconds: gauge('Age of the oldest entry that a receiver has not acknowledged.', 'sink'),
  // — records of a fleet —
  locktender_fleet_records_shipped_total: counter('Entries of this node that the stream of the fleet has stored.'),
  locktender_fleet_records_resent_total: counter('Entries that were shipped again because the mirror lacked them.'),
  locktender_fleet_records_lost_total: counter('Entries that retention removed before they were shipped.'),
  locktender_fleet_records_failures_total: counter('Failed tries to ship; each is tried again.', 'cause'),
  locktender_fleet_records_lag_entries: gauge('Entries of this node that are not known to be safe in its mirror.'),
  locktender_fleet_records_faulty: gauge('1 while the mirror at the hub is not of this log, or cannot go on, else 0.'),
  locktender_fleet_records_pending_messages: gauge('At the hub: messages of the stream that were not read.'),
  locktender_fleet_records_refused_total: counter('At the hub: shipments that were refused.', 'node', 'kind'),
  locktender_fleet_mirror_entries: gauge('At the hub: entries that are safe in the mirror of a node.', 'node'),
  locktender_fleet_mirror_entries_total: counter('At the hub: entries that a mirror took.', 'node'),
  locktender_fleet_mirror_behind_entries: gauge('At the hub: entries that a node has and its mirror lacks.', 'node'),
  locktender_fleet_mirror_faulty: gauge(
    'At the hub: 1 for a mirror with a gap, a fork or a wrong root, else 0.',
    'node',
  ),
  // — the appliance —
  locktender_build_info: gauge('Always 1; the version and runtime are labels.', 'version', 'runtime'),
  locktender_metric_series_dropped_total: counter('Observations put under `other` to bound memory.', 'metric'),
};

/** Bounds of a histogram; by the unit in its name when it is not in the catalogue. */
export function bucketsFor(name: string): readonly number[] {
  const own = METRICS[name]?.buckets;
  if (own !== undefined) return own;
  return name.endsWith('_bytes') ? BYTES : MILLI;
}

export function helpFor(name: string): string {
  return METRICS[name]?.help ?? 'Not documented.';
}
