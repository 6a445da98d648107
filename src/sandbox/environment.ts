/**
 * The environment contract: every variable that makes ordinary tools go through the gate and trust its CA.
 *
 * One list for `pass issue --env`, `run` and the documentation. Values, not side effects.
 */

export interface SandboxAccess {
  /** `http://<task>:<token>@host:port`. */
  readonly proxyUrl: string;
  /** The system's trusted certificates and ours, in one PEM file: for tools that replace their bundle by it. */
  readonly mergedCaFile: string;
  /** Our CA alone, PEM: for tools that add it to their own. */
  readonly ownCaFile: string;
  /** A wgetrc with the merged bundle: wget reads no variable for it. */
  readonly wgetrc: string;
  /** An apt.conf with the merged bundle: apt reads no variable for it. */
  readonly aptConf: string;
  /** A directory of php.ini files with the merged bundle: PHP's curl reads no variable for it. */
  readonly phpIniDir: string;
  /** JKS trust store with both, and its password; null where none was made. */
  readonly javaTrustStore: { readonly file: string; readonly password: string } | null;
}

/** Hosts that never go through a proxy: the sandbox's own loopback. */
export const NO_PROXY = 'localhost,127.0.0.1,::1';

/** Variables that point at a whole bundle, and so get the merged one. */
export const MERGED_CA = [
  'SSL_CERT_FILE',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'PIP_CERT',
  'AWS_CA_BUNDLE',
  'CARGO_HTTP_CAINFO',
  'NIX_SSL_CERT_FILE',
  'HTTPLIB2_CA_CERTS',
  'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH',
  'CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE',
  'npm_config_cafile',
  'PERL_LWP_SSL_CA_FILE',
] as const;

/** Variables whose file is added to what the tool trusts anyway. */
export const OWN_CA = ['NODE_EXTRA_CA_CERTS', 'DENO_CERT'] as const;

/** Every variable, in a stable order. */
export function sandboxEnvironment(access: SandboxAccess): Readonly<Record<string, string>> {
  const out: Record<string, string> = {};
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY']) {
    out[name] = access.proxyUrl;
    out[name.toLowerCase()] = access.proxyUrl;
  }
  out['NO_PROXY'] = NO_PROXY;
  out['no_proxy'] = NO_PROXY;
  out['NODE_USE_ENV_PROXY'] = '1';
  for (const name of MERGED_CA) out[name] = access.mergedCaFile;
  for (const name of OWN_CA) out[name] = access.ownCaFile;
  out['WGETRC'] = access.wgetrc;
  out['APT_CONFIG'] = access.aptConf;
  // The empty entry before it keeps the directories that PHP was built with.
  out['PHP_INI_SCAN_DIR'] = `:${access.phpIniDir}`;
  const java = javaFlags(access);
  if (java !== '') out['JAVA_TOOL_OPTIONS'] = java;
  return out;
}

/** Java reads no proxy variables; it takes properties. The pass goes into no property: Java asks, see docs/clients.md. */
function javaFlags(access: SandboxAccess): string {
  const url = URL.parse(access.proxyUrl);
  if (!url) return '';
  const flags = [
    `-Dhttp.proxyHost=${url.hostname}`,
    `-Dhttp.proxyPort=${url.port}`,
    `-Dhttps.proxyHost=${url.hostname}`,
    `-Dhttps.proxyPort=${url.port}`,
    '-Dhttp.nonProxyHosts=localhost|127.*|[::1]',
    // Basic is off for tunnels by default, and a pass is sent by Basic.
    '-Djdk.http.auth.tunneling.disabledSchemes=',
  ];
  const store = access.javaTrustStore;
  if (store) {
    flags.push(
      javaQuoted(`-Djavax.net.ssl.trustStore=${store.file}`),
      `-Djavax.net.ssl.trustStorePassword=${store.password}`,
      '-Djavax.net.ssl.trustStoreType=JKS',
    );
  }
  return flags.join(' ');
}

/** JAVA_TOOL_OPTIONS is cut at blanks, but for those in quotes. */
function javaQuoted(flag: string): string {
  return /\s/.test(flag) ? `"${flag}"` : flag;
}

/** `export NAME='value'` lines for a POSIX shell. */
export function shellExports(environment: Readonly<Record<string, string>>): string {
  return Object.entries(environment)
    .map(([name, value]) => `export ${name}=${shellQuote(value)}\n`)
    .join('');
}

/** Single quotes, with any single quote inside closed, escaped and opened again. */
export function shellQuote(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
