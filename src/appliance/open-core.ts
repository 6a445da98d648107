/** Everything behind the doors: state, keys, record, control plane, leases, guard, passes, CA. */

import { randomBytes } from 'node:crypto';
import { Cosigner, type CosignerOptions } from '../audit/cosigner.ts';
import { type AuditLog, openLog } from '../audit/log.ts';
import { sealEvent } from '../audit/sealed-fields.ts';
import type { Config } from '../config/schema.ts';
import { ControlPlane } from '../control/control-plane.ts';
import { loadPolicy, type RevisionRoots } from '../control/load-revision.ts';
import { loadRules } from '../control/load-rules.ts';
import { ulid } from '../core/ids.ts';
import type { ClientIdentifier, Clock } from '../core/ports.ts';
import type { RuleSet } from '../dlp/compiled-rules.ts';
import { createClientCertificates } from '../gateway/client-certificates.ts';
import { createPassAuthority, type PassAuthority } from '../gateway/passes.ts';
import { type Broker, type Credential, createBroker } from '../guard/broker.ts';
import type { SecondStage } from '../guard/second-stage/second-stage.ts';
import { Vault, type VaultOptions } from '../guard/vault.ts';
import type { GuardWorkers } from '../guard/workers/guard-workers.ts';
import { type CertificateAuthority, openCertificateAuthority } from '../pki/certificate-authority.ts';
import { APPLIANCE_KEYS, openSigningKeys, type SigningKeys } from '../pki/signing-keys.ts';
import { openTenantKeys, type TenantKeys } from '../pki/tenant-keys.ts';
import { prepareAdmission } from '../policy/admission/admission.ts';
import { LeaseIndex } from '../policy/lease-index.ts';
import { type BundleStore, openBundleStore } from '../store/bundle-store.ts';
import { openStateDir, type StateDir } from '../store/state-dir.ts';
import { countEvent } from '../telemetry/event-meter.ts';
import type { AdjustableLog } from '../telemetry/log.ts';
import { createMetrics, type MetricRegistry } from '../telemetry/metrics.ts';
import { loadCredentials } from './credentials.ts';
import type { FleetNode } from './fleet/fleet-node.ts';
import { openFleet } from './fleet/open-fleet.ts';
import { Readmission } from './policy/readmission.ts';
import { checkpointSigners, witnessesOf, writePublicKeys } from './record/log-keys.ts';
import { receiverFiles } from './record/receiver-files.ts';
import { CleanSamples } from './rules/clean-samples.ts';
import { type GuardDesk, openGuardDesk } from './rules/guard-desk.ts';
import { openGuardWorkers } from './rules/guard-workers.ts';
import { RulesThread } from './rules/rules-thread.ts';
import { openSecondStage } from './rules/second-stage.ts';
import { must, type Started } from './start-refused.ts';
import { TaskBook } from './task-book.ts';

export interface CoreOptions {
  readonly config: Config;
  readonly roots: RevisionRoots;
  readonly log: AdjustableLog;
  readonly clock: Clock;
  readonly version: string;
  /** In place of the one that the configuration names. */
  readonly secondStage?: SecondStage;
}

export interface Core extends Omit<CoreOptions, 'secondStage'> {
  /** Null where no fleet is configured. */
  readonly fleet: FleetNode | null;
  readonly startedAt: number;
  readonly state: StateDir;
  readonly keys: SigningKeys;
  readonly tenantKeys: TenantKeys;
  readonly meter: MetricRegistry;
  readonly audit: AuditLog;
  readonly tasks: TaskBook;
  readonly readmission: Readmission;
  readonly bundles: BundleStore;
  readonly control: ControlPlane;
  readonly leases: LeaseIndex;
  readonly guard: GuardDesk;
  /** Compiles and tries DLP rules. */
  readonly rulesThread: RulesThread;
  /** Threads for the large bodies of this thread; null where there are none. */
  readonly guardWorkers: GuardWorkers | null;
  readonly secondStage: SecondStage | null;
  readonly vault: Vault;
  readonly credentials: readonly Credential[];
  readonly broker: Broker;
  readonly passes: PassAuthority;
  /** Null where no client certificate stands for a pass. */
  readonly clients: ClientIdentifier | null;
  readonly authority: CertificateAuthority;
}

/** Tokenised values that wait at once, of all tasks. */
const MOST_TOKENS = 100_000;

/** Files are read before anything is touched: bad policy leaves no trace. */
export async function openCore(given: CoreOptions, started: Started): Promise<Core> {
  const { config, log, clock } = given;
  let revision = must(loadPolicy(given.roots));
  let rules = must(loadRules(given.roots));
  const credentials = must(loadCredentials(config.guard.credentials ?? null));
  for (const receiver of config.audit.forward) receiverFiles(receiver);
  const state = openStateDir(config.state);
  started.add(() => state.release());
  const keys = openSigningKeys(state.folder('keys'), config.fleet ? [...APPLIANCE_KEYS, 'fleet'] : APPLIANCE_KEYS);
  const tenantKeys = openTenantKeys(state.folder('keys'));
  const meter = createMetrics();
  const { fleet, followed, roots } = openFleet(given, { state, keys, meter });
  if (fleet) started.add(() => fleet.stop());
  const options = { ...given, roots };
  if (followed) ({ revision, rules } = followed);
  writePublicKeys({ config, keys, state });
  const audit = await openRecord(options, { state, keys, tenantKeys, meter });
  started.add(() => audit.close());
  const isFirstStart = audit.head.size === 0;
  const tasks = new TaskBook(clock, config.passes.max_ttl_ms);
  const readmission = new Readmission({ clock, log, maxTtlMs: config.passes.max_ttl_ms });
  // No isolate outlives its appliance; a sandbox does, with its pass.
  for (const event of readmission.recall(audit.dir)) if (event.kind === 'sandbox') tasks.see(event);
  audit.subscribe(({ event }) => {
    tasks.see(event);
    readmission.see(event);
    countEvent(event, meter);
  });
  await recordStart(audit, options);
  const bundles = openBundleStore(state.folder('bundles'));
  const { two_person: actions, approval_ms: withinMs } = config.controls;
  const control = new ControlPlane({
    ...{ revision, documents: state.documents, bundles, audit, clock, log, meter },
    twoPerson: { actions: new Set(actions), withinMs },
    ...(fleet?.hub && { hub: fleet.hub }),
  });
  const standing = fleet ? { standing: () => !fleet.stale() } : {};
  const leases = new LeaseIndex({ source: control, now: () => clock.now(), ...standing });
  await control.start(leases);
  started.add(() => control.stop());
  await readmission.review(control);
  readmission.watch(control);
  // With passes of before, or of a hub, flows and cuts may come before the first admission does.
  if (fleet || !isFirstStart) prepareAdmission(control.current().bundle);
  const looking = await openLooking(options, started, { rules, credentials, keys, audit, meter });
  const passes = openPasses(options, { keys, meter, audit, control, fleet });
  const clients = openClients(options, { keys, control, passes });
  const authority = authorityOf(config, state.folder('keys'), clock);
  const parts = { state, keys, tenantKeys, meter, audit, tasks, readmission, bundles, control, leases };
  return {
    ...options,
    ...{ ...parts, fleet },
    ...looking,
    credentials,
    passes,
    clients,
    authority,
    startedAt: clock.now(),
  };
}

interface LookingOrder extends Pick<Core, 'credentials' | 'keys' | 'audit' | 'meter'> {
  readonly rules: RuleSet;
}

type Looking = Pick<Core, 'guard' | 'rulesThread' | 'guardWorkers' | 'secondStage' | 'vault' | 'broker'>;

/** The guard and what it stands on. */
async function openLooking(
  options: CoreOptions,
  started: Started,
  { rules, credentials, keys, audit, meter }: LookingOrder,
): Promise<Looking> {
  const { config, clock, log } = options;
  const fingerprintKey = keys.secret('fingerprint');
  const vault = openVault(config, clock);
  const broker = createBroker(vault, () => credentials);
  const guardWorkers = openGuardWorkers({ config, vault, credentials, fingerprintKey, rules, meter, log });
  started.add(() => guardWorkers?.close());
  const rulesThread = new RulesThread();
  started.add(() => rulesThread.close());
  const secondStage = options.secondStage ?? (await openSecondStage({ config, clock, meter }));
  const guard = await openGuardDesk(
    {
      ...{ rules, vault, fingerprintKey, isOurs: broker.isPlaceholder },
      ...guardLimits(config),
      ...(guardWorkers && { workers: guardWorkers }),
      ...(secondStage && { inquiry: secondStage }),
    },
    { audit, clock, log, meter, samples: new CleanSamples(config.guard.keep_clean_samples, () => clock.now()) },
  );
  return { guard, rulesThread, guardWorkers, secondStage, vault, broker };
}

export function guardLimits({ guard }: Config) {
  const { max_findings: maxFindings, max_layer_bytes: maxDecodedBytes, max_layer_depth: maxLayerDepth } = guard;
  return { maxFindings, maxDecodedBytes, maxLayerDepth };
}

/** `shared`: the key that threads of one process have in common. */
export function openVault({ guard }: Config, clock: Clock, shared: Pick<VaultOptions, 'key'> = {}): Vault {
  return new Vault({ now: () => clock.now(), ttlMs: guard.token_ttl_ms, most: MOST_TOKENS, ...shared });
}

function openPasses(
  { config, clock }: CoreOptions,
  { keys, meter, audit, control, fleet }: Pick<Core, 'keys' | 'meter' | 'audit' | 'control' | 'fleet'>,
): PassAuthority {
  const { audience, issuer, max_ttl_ms: maxTtlMs } = config.passes;
  const own = { audit, clock, meter, audience, issuer, maxTtlMs };
  const others = fleet ? { alsoFrom: () => fleet.passKeys(), stale: () => fleet.stale() } : {};
  return createPassAuthority({ ...own, keys: () => keys.all('pass'), source: control, ...others });
}

function openClients(
  { config, clock, log }: CoreOptions,
  { keys, control, passes }: Pick<Core, 'keys' | 'control' | 'passes'>,
): ClientIdentifier | null {
  const clients = config.proxy.tls?.clients ?? [];
  if (clients.length === 0) return null;
  const own = { clients, clock, log, key: keys.secret('client-task') };
  return createClientCertificates({ ...own, admitter: passes, source: control });
}

/** The CA for inspection; `dir` is the folder of keys. */
export function authorityOf(config: Config, dir: string, clock: Clock): CertificateAuthority {
  return openCertificateAuthority({
    dir,
    name: 'ca',
    commonName: `Locktender CA (${config.node})`,
    clock,
    cached: config.proxy.inspect.leaf_cache,
    leafDays: config.proxy.inspect.leaf_days,
  });
}

type RecordParts = Pick<Core, 'state' | 'keys' | 'tenantKeys' | 'meter'>;

function openRecord(options: CoreOptions, { state, keys, tenantKeys, meter }: RecordParts): Promise<AuditLog> {
  const { config, log, clock } = options;
  const { origin, durability, checkpoint_ms: publishMs, keep_ms: keepMs, commit_window_ms: windowMs } = config.audit;
  const dir = state.folder('audit');
  return openLog({
    dir,
    signers: checkpointSigners({ config, keys, state }, clock.now()),
    origin,
    node: config.node,
    clock,
    log,
    meter,
    durability,
    publishMs,
    windowMs,
    keepMs,
    seal: (event) => sealEvent(event, tenantKeys),
    ...witnessed({ dir, witnesses: witnessesOf(config), log, meter }),
  });
}

function witnessed(options: CosignerOptions): { cosign?: (note: string) => Promise<string | null> } {
  if (options.witnesses.length === 0) return {};
  const cosigner = new Cosigner(options);
  return { cosign: (note) => cosigner.cosign(note) };
}

async function recordStart(audit: AuditLog, { clock, version }: CoreOptions): Promise<void> {
  await audit.record({
    type: 'node.started',
    id: ulid('e', clock.now(), randomBytes(10)),
    tenant: null,
    task: null,
    version,
    runtime: `node ${process.version}`,
  });
}
