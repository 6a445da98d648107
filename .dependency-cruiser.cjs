// Architecture as data: who may import whom. Anything not listed is an error.
const MAY_IMPORT = {
  core: [],
  wire: ['core'],
  policy: ['core'],
  categories: ['core'],
  dlp: ['core'],
  config: ['core'],
  store: ['core'],
  pki: ['core'],
  telemetry: ['core'],
  audit: ['core', 'store'],
  guard: ['core', 'dlp'],
  isolates: ['core', 'store'],
  sandbox: ['core', 'wire'],
  proxy: ['core', 'wire', 'policy', 'categories', 'guard', 'pki'],
  gateway: ['core', 'policy', 'guard', 'isolates'],
  control: ['core', 'config', 'policy', 'categories', 'dlp', 'store', 'audit'],
  fleet: ['core', 'store', 'control', 'audit'],
  admin: ['core', 'control', 'audit'],
  // The command line stands over the admin contract and over what works without an appliance.
  cli: [
    'core',
    'wire',
    'policy',
    'categories',
    'dlp',
    'guard',
    'config',
    'store',
    'audit',
    'sandbox',
    'admin/contract',
    'gateway/client',
    // How the appliance reads what people edit: the offline commands must read it in the same way.
    'control/load-revision',
    'control/load-rules',
    'control/check-policy',
    'control/replay-log',
  ],
  console: ['admin/contract'],
  // Puts the parts together; only main.ts imports it.
  appliance: [
    'core',
    'wire',
    'policy',
    'categories',
    'dlp',
    'config',
    'store',
    'pki',
    'telemetry',
    'audit',
    'guard',
    'isolates',
    'proxy',
    'gateway',
    'control',
    'fleet',
    'admin',
    'cli',
  ],
};
const PURE = ['core', 'wire', 'policy', 'categories', 'dlp'];
const TESTS = '\\.test\\.ts$';
// What runs inside an isolate, and what workers and hosts start by path: nothing imports them.
const ENTRIES = [
  '^src/main\\.ts$',
  '^src/(cli|console)/',
  '^src/isolates/(runtime|host)/',
  '-worker\\.ts$',
  '^src/gateway/client\\.ts$',
  TESTS,
];

const layer = Object.entries(MAY_IMPORT).map(([from, to]) => ({
  name: `layer-${from}`,
  comment: `src/${from} may import only: ${to.join(', ') || 'nothing'}`,
  severity: 'error',
  from: { path: `^src/${from}/`, pathNot: TESTS },
  to: { path: '^src/', pathNot: [`^src/${from}/`, ...to.map((t) => `^src/${t}(/|\\.ts$)`)] },
}));

module.exports = {
  forbidden: [
    ...layer,
    {
      name: 'every-folder-has-a-layer',
      severity: 'error',
      comment: 'add the new folder to MAY_IMPORT',
      from: { path: '^src/', pathNot: [`^src/(${Object.keys(MAY_IMPORT).join('|')})/`, '^src/main\\.ts$'] },
      to: {},
    },
    {
      name: 'pure-does-no-io',
      severity: 'error',
      comment: 'pure folders take bytes and values, never sockets, files or clocks; `buffer` is about bytes alone',
      // Cedar's package reads itself from disk, here when it is first asked.
      from: { path: `^src/(${PURE.join('|')})/`, pathNot: [TESTS, '^src/policy/admission/cedar\\.ts$'] },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?buffer$' },
    },
    {
      name: 'http-is-not-imported',
      severity: 'error',
      comment:
        "an import of `node:http` asks it for every name, among them those that read Node's own fetch: 70 ms of each start; " +
        "take it by `process.getBuiltinModule('node:http')`, its types by `import type`",
      from: { path: '^src/', pathNot: [TESTS, '^src/console/'] },
      to: { path: '^(node:)?http$', dependencyTypesNot: ['type-only'] },
    },
    { name: 'main-is-the-only-root', severity: 'error', from: {}, to: { path: '^src/main\\.ts$' } },
    {
      name: 'only-main-assembles',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/(main\\.ts$|appliance/)', TESTS] },
      to: { path: '^src/appliance/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-orphan', severity: 'error', from: { orphan: true, pathNot: ENTRIES }, to: {} },
    {
      name: 'src-never-imports-test',
      severity: 'error',
      from: { path: '^src/', pathNot: TESTS },
      to: { path: ['^test/', TESTS] },
    },
    {
      name: 'no-dev-deps-in-src',
      severity: 'error',
      from: { path: '^src/', pathNot: [TESTS, '^src/console/'] },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg'] },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // `isolates/host` has its own package.json (what is bound into the wall); dependencies are the root's.
    combinedDependencies: true,
    tsPreCompilationDeps: true,
    // Packages that have `exports` and no `main`.
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
