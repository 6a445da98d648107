/** docs/clients.md, made from what the last run of `npm run test:clients` observed. */

import type { Client } from './clients.ts';

/** One observation, as it is kept in `matrix.json`. */
export interface Observed {
  readonly name: string;
  readonly version: string;
  /** What it said when the gate refused it, and whether the reason's code was in it. */
  readonly refused: string;
}

const HEAD = `# Clients

<!-- Made by \`npm run test:clients\` from test/clients/; do not edit. -->

Each of these did real work through the gate, inspected, from behind the wall of \`locktender run\`, where a client that goes
round the proxy reaches nothing. The environment is the contract of \`locktender run\` and \`pass issue --env\`; the column
*needs* is what comes on top. *Refused* is what the same command said to an origin that the policy does not allow: the reason's
code is in the status line of the answer to CONNECT, and a client that shows neither the line nor the body leaves it to the
record (\`locktender audit query\`).

`;

const TAIL = `
Behind \`run\` and beside \`relay\` no client holds a pass: it is put into each request outside, and renewed. Elsewhere a client
must be able to send the proxy's user and password of its variables.

The environment contract: \`HTTP_PROXY\`, \`HTTPS_PROXY\` and \`ALL_PROXY\` with the pass, \`NO_PROXY\` with loopback, each in both
cases; \`NODE_USE_ENV_PROXY\`, \`NODE_EXTRA_CA_CERTS\` and \`DENO_CERT\` with our CA; \`SSL_CERT_FILE\`, \`REQUESTS_CA_BUNDLE\`,
\`CURL_CA_BUNDLE\`, \`GIT_SSL_CAINFO\`, \`PIP_CERT\`, \`AWS_CA_BUNDLE\`, \`CARGO_HTTP_CAINFO\`, \`npm_config_cafile\` and others with the
system's bundle and our CA in one file; \`WGETRC\`, \`APT_CONFIG\` and \`PHP_INI_SCAN_DIR\` with the same in their own
formats; \`JAVA_TOOL_OPTIONS\`. \`locktender doctor\` tries what is installed and names what to mend.

Not here: Rust's HTTP crates, which Debian packages as sources only (cargo itself is tried), and clients that no registry of
Debian or npm has. HTTP/3 has no way through the gate: clients fall back to TCP.
`;

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

export function clientsPage(clients: readonly Client[], observed: readonly Observed[]): string {
  const rows = observed.map(({ name, version, refused }) => {
    const client = clients.find((c) => c.name === name);
    const cells = [name, version, client?.needs ?? '', client?.quirk ?? '', `\`${refused.replaceAll('`', "'")}\``];
    return `| ${cells.map(cell).join(' | ')} |`;
  });
  const missing = clients.filter(({ name }) => !observed.some((row) => row.name === name)).map(({ name }) => name);
  const untried = missing.length === 0 ? '' : `\nNot tried, because it was not installed: ${missing.join(', ')}.\n`;
  const table = ['| Client | Version | Needs | Know | Refused |', '|---|---|---|---|---|', ...rows].join('\n');
  return `${HEAD}${table}\n${untried}${TAIL}`;
}
