/** The tools in force: `rules/tools/*.yaml`, one a file. A bad file never replaces a good set. */

import { err, ok, type Problem, type Result } from '../core/result.ts';
import { parseTools, type Tool } from '../gateway/tool-file.ts';
import type { Bundle } from '../policy/bundle/bundle.ts';
import { readTree } from '../store/read-tree.ts';

export type Tools = ReadonlyMap<string, Tool>;

/** Every tool must have its capability defined, or no task could ever be granted it. */
export function loadTools(rules: readonly string[], bundle: Bundle): Result<Tools, Problem[]> {
  const files = readTree(rules, ['.yaml', '.yml']).filter((file) => file.path.startsWith('tools/'));
  const tools = parseTools(files);
  if (!tools.ok) return tools;
  const problems = [...tools.value.values()]
    .filter((tool) => !bundle.capabilities.has(tool.capability))
    .map((tool) => ({
      file: `tools/${tool.name}.yaml`,
      line: 1,
      column: 1,
      message: `no file defines the capability \`${tool.capability}\`; add rules/capabilities/${tool.capability}.yaml`,
    }));
  return problems.length > 0 ? err(problems) : ok(tools.value);
}
