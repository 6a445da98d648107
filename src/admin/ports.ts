/** What the admin API needs from the appliance, as contracts. The assembly fits the parts to them. */

import type { Controls, CutReceipt, NotChanged } from '../core/controls.ts';
import type { Fact } from '../core/fact.ts';
import type { AuditSink, ControlPlane } from '../core/ports.ts';
import type { Result } from '../core/result.ts';
import type { AnswerOf, InputOf } from './contract.ts';
import type { EntrySource } from './event-stream.ts';

export interface AdminPorts {
  readonly control: ControlPlane & ChangeDesk;
  readonly controls: () => Controls;
  readonly catalogue: Catalogue;
  readonly live: LiveView;
  readonly passes: PassDesk;
  readonly policy: PolicyDesk;
  readonly rules: RulesDesk;
  readonly record: RecordDesk;
  readonly appliance: ApplianceView;
  /** Null where there is no fleet. */
  readonly fleet: FleetView | null;
}

export interface FleetView {
  status(): AnswerOf<'fleetStatus'>;
  /** The error is a sentence for the operator. */
  follow(epoch: string): Promise<Result<null, string>>;
}

/** What people changed, what waits for a second person, and taking back. */
export interface ChangeDesk {
  changes(): AnswerOf<'controlList'>;
  undo(change: string, by: ActorSays): Promise<Result<CutReceipt, NotChanged>>;
  approve(pending: string, by: ActorSays): Promise<Result<CutReceipt, NotChanged>>;
  reject(pending: string, by: ActorSays): Promise<Result<unknown, string>>;
}

interface ActorSays {
  readonly by: string;
  readonly why: string;
}

/** What exists by file: categories, capabilities, and where hosts stand. */
export interface Catalogue {
  categories(): readonly {
    readonly id: string;
    readonly name: string;
    readonly description: string;
    readonly risk: string;
    readonly defaultBlocked: boolean;
  }[];
  /** Null when the host is not one. `sources` says which list names it. */
  standing(host: string): Pick<AnswerOf<'categoryLookup'>, 'host' | 'categories' | 'sources'> | null;
  capabilities(): readonly Omit<AnswerOf<'capabilityShow'>, 'revoked'>[];
  profiles(): readonly Omit<AnswerOf<'profileList'>['profiles'][number], 'tasks' | 'tenants'>[];
}

export type FlowView = AnswerOf<'flows'>['flows'][number];
export type TaskView = Omit<AnswerOf<'taskList'>['tasks'][number], 'flows' | 'killed'>;

/** What lives now. */
export interface LiveView {
  flows(): readonly FlowView[];
  /** Flows that hang on a fact. */
  dependants(fact: Fact): readonly FlowView[];
  tasks(): readonly TaskView[];
  /** Those that have the id, of each tenant one. */
  named(task: string): readonly Pick<TaskView, 'tenant'>[];
}

export interface PassDesk {
  issue(order: InputOf<'passIssue'>['body'], actor: string): Promise<Result<AnswerOf<'passIssue'>, string>>;
  inspect(token: string): Promise<AnswerOf<'passInspect'>>;
}

export interface PolicyDesk {
  bundle(): AnswerOf<'policyBundle'>;
  explain(question: InputOf<'policyExplain'>['body']): Result<AnswerOf<'policyExplain'>, string>;
  reload(actor: string, why: string): Promise<AnswerOf<'policyReload'>>;
  reloadRules(actor: string, why: string): Promise<AnswerOf<'rulesReload'>>;
  contracts(order: InputOf<'policyContracts'>['body']): Result<AnswerOf<'policyContracts'>, string>;
  diff(order: InputOf<'policyDiff'>['body']): Result<AnswerOf<'policyDiff'>, string>;
  learn(order: InputOf<'policyLearn'>['body']): Promise<AnswerOf<'policyLearn'>>;
  replay(order: InputOf<'policyReplay'>['body']): Promise<Result<AnswerOf<'policyReplay'>, string>>;
}

export interface RulesDesk {
  list(): AnswerOf<'ruleList'>;
  /** Null when there is no such file, or no such text of it. */
  file(of: InputOf<'ruleFile'>['query']): AnswerOf<'ruleFile'> | null;
  try(order: InputOf<'ruleTry'>['body']): Promise<AnswerOf<'ruleTry'>>;
  save(order: InputOf<'ruleSave'>['body'], actor: string): Promise<Result<AnswerOf<'ruleSave'>, string>>;
}

export interface RecordSummary {
  readonly count: number;
  readonly tenants: readonly string[];
  readonly tasks: readonly string[];
  readonly hosts: readonly string[];
}

export interface RecordDesk extends EntrySource {
  readonly sink: AuditSink;
  query(by: InputOf<'auditQuery'>['query']): Promise<AnswerOf<'auditQuery'>['events']>;
  /** How many entries fit, and whom they name. */
  summary(by: Omit<InputOf<'auditQuery'>['query'], 'limit' | 'text'>): Promise<RecordSummary>;
  verify(): Promise<AnswerOf<'auditVerify'>>;
  /** Pieces of whole lines. */
  export(order: InputOf<'auditExport'>['query']): AsyncIterable<string>;
  prune(by: string, order: InputOf<'auditPrune'>['body']): Promise<Result<AnswerOf<'auditPrune'>, string>>;
  /** Every public key after it, newest first. */
  rotate(): readonly string[];
  keys(): AnswerOf<'auditKeys'>;
  retention(by: InputOf<'auditRetention'>['query']): AnswerOf<'auditRetention'>;
  checkpoint(): AnswerOf<'auditCheckpoint'> | null;
  proof(seq: number): Promise<AnswerOf<'auditProof'> | null>;
  /** Recorded before the key goes. */
  shred(by: string, order: InputOf<'auditShred'>['body']): Promise<AnswerOf<'auditShred'>>;
  forwarding(): Promise<AnswerOf<'auditForward'>>;
}

export interface ApplianceView {
  readonly version: string;
  /** Epoch ms. */
  now(): number;
  status(): AnswerOf<'status'>;
  /** Over a window that ends now. */
  slo(windowMs: number): Promise<AnswerOf<'slo'>>;
  sloHistory(windowMs: number, points: number): Promise<AnswerOf<'sloHistory'>>;
  caPem(): string;
  metrics(): string | Promise<string>;
  /** Names of what is missing; empty when ready. */
  missing(): readonly string[];
}
