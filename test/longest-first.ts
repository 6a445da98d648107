/** The order of test files: those that take longest begin first, so that no worker is left alone with one at the end. */

import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * A quarter of a minute or more by themselves, longest first. Vitest goes by the sizes of files until it has seen how long they
 * take, and these are not the largest.
 */
const LONGEST = [
  'test/cli/alone.test.ts',
  'test/console/looks.test.ts',
  'test/cli/offline.test.ts',
  'test/proxy/parents.test.ts',
  'test/journey/controls.test.ts',
  'test/journey/refused-start.test.ts',
  'test/runbooks/drills.test.ts',
  'test/proxy/workers.test.ts',
  'test/fleet/partition.test.ts',
  'test/isolates/attacks.test.ts',
  'test/console/rules.test.ts',
  'test/integrations/pages.test.ts',
  'test/cli/doctor.test.ts',
  'test/fleet/fleet.test.ts',
  'test/console/keeping.test.ts',
  'test/console/watching.test.ts',
  'src/isolates/task-calls.test.ts',
  'src/dlp/rule-set.test.ts',
  'test/journey/first-use.test.ts',
  'test/policy/cut.test.ts',
  'test/sandbox/walled-command.test.ts',
  'test/console/acting.test.ts',
  'test/threats/canaries.test.ts',
  'test/proxy/endless.test.ts',
  'test/threats/live-cut.test.ts',
  'test/fleet/records.test.ts',
  'test/record/read-offline.test.ts',
  'test/threats/floods.test.ts',
  'test/sandbox/run-command.test.ts',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { root } = this.ctx.config;
    const gone = LONGEST.filter((file) => !existsSync(join(root, file)));
    if (gone.length > 0) throw new Error(`${gone.join(', ')}: no such test file; correct test/longest-first.ts`);
    const place = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.indexOf(relative(root, moduleId));
      return at < 0 ? LONGEST.length : at;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
