/**
 * Lists as the files say. Only where no appliance ever ran with the state directory: then no operator can have changed
 * anything, so the files are the whole truth. An appliance that is merely down is still exit 3, never a stale answer.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AnswerOf } from '../admin/contract.ts';
import { loadPolicy, rootsOf } from '../control/load-revision.ts';
import { type CliIo, type CommonOptions, must } from './context.ts';
import { configOf } from './given-config.ts';

/** True when there is no appliance to ask and never was. */
export function onlyFiles(options: CommonOptions, io: CliIo): boolean {
  if (options.admin !== undefined || io.env['LOCKTENDER_ADMIN'] !== undefined) return false;
  if (io.env['LOCKTENDER_ADMIN_TOKEN'] !== undefined) return false;
  const { state } = configOf(options, io);
  return !existsSync(join(state, 'admin-token')) && !existsSync(join(state, 'doors.json'));
}

export function categoriesOfFiles(options: CommonOptions, io: CliIo): AnswerOf<'categoryList'> {
  const { taxonomy } = must(loadPolicy(rootsOf(configOf(options, io)))).categories;
  const categories = taxonomy.categories.map(({ id, name, description, risk, defaultBlocked }) => ({
    id,
    name,
    description,
    risk,
    blocked: defaultBlocked,
    by_default: defaultBlocked,
    mark: null,
  }));
  return { version: 0, categories };
}

export function capabilitiesOfFiles(options: CommonOptions, io: CliIo): AnswerOf<'capabilityList'> {
  const { capabilities, profiles } = must(loadPolicy(rootsOf(configOf(options, io)))).bundle;
  const rows = [...capabilities.values()].map(({ name, description, owner, risk, version, digest }) => ({
    name,
    description,
    owner,
    risk,
    version: String(version),
    digest,
    profiles: [...profiles].filter(([, p]) => p.capabilities.includes(name)).map(([profile]) => profile),
    revoked: null,
  }));
  return { version: 0, capabilities: rows };
}
