/** Every page, in the order of the navigation. To add one: write its file, name it here. */

import type { Page } from './page.ts';
import { access } from './pages/access.ts';
import { capabilities } from './pages/capabilities.ts';
import { categories } from './pages/categories.ts';
import { changes } from './pages/changes.ts';
import { emergency } from './pages/emergency.ts';
import { keeping } from './pages/keeping.ts';
import { levels } from './pages/levels.ts';
import { live } from './pages/live.ts';
import { policy } from './pages/policy.ts';
import { profiles } from './pages/profiles.ts';
import { record } from './pages/record.ts';
import { rules } from './pages/rules.ts';
import { tasks } from './pages/tasks.ts';
import { tenants } from './pages/tenants.ts';

export const HOME: Page = live;

export const PAGES: readonly Page[] = [
  live,
  levels,
  record,
  categories,
  capabilities,
  profiles,
  tenants,
  tasks,
  changes,
  rules,
  policy,
  keeping,
  access,
  emergency,
];
