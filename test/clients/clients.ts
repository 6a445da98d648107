/**
 * The clients of docs/clients.md: how each is found, one real piece of work that it does, and what it needs beside the
 * environment contract. To add one, add a row and run `npm run test:clients`.
 *
 * Commands are POSIX shell, run in a directory of their own behind the wall of `locktender run`. `$AT` is the HTTPS origin,
 * `$GRPC` the host and port of the gRPC one; a command works when it prints the origin's greeting.
 */

import { GREETING } from './origin.ts';

export interface Client {
  readonly name: string;
  /** Prints its version, and fails where the client is not installed. */
  readonly version: string;
  readonly command: string;
  /** Files in the working directory. */
  readonly files?: Readonly<Record<string, string>>;
  /** What it needs that the environment contract does not set. */
  readonly needs?: string;
  /** What surprises. */
  readonly quirk?: string;
}

const NODE = '"$NODE" --disable-warning=ExperimentalWarning';
const NPM_VERSION = (name: string) => `${NODE} -p 'require("${name}/package.json").version'`;
const PYTHON = '/usr/bin/python3';

const JAVA = `import java.net.*;
import java.net.http.*;

public class Ask {
  public static void main(String[] a) throws Exception {
    HttpClient client = HttpClient.newHttpClient();
    HttpResponse<String> r = client.send(HttpRequest.newBuilder(URI.create(a[0])).build(), HttpResponse.BodyHandlers.ofString());
    System.out.println(r.statusCode() + " " + r.body());
  }
}
`;

const GO = `package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	r, err := http.Get(os.Args[1])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	b, _ := io.ReadAll(r.Body)
	fmt.Println(string(b))
}
`;

const GRPC = `import os, grpc
channel = grpc.secure_channel(os.environ['GRPC'], grpc.ssl_channel_credentials())
call = channel.unary_unary('/lab.Echo/Say')
print(call(b'${GREETING}', timeout=20).decode())
`;

const WEBSOCKET_UNDICI = `import { createRequire } from 'node:module';
const { EnvHttpProxyAgent, WebSocket } = createRequire(process.env.MODULES)('undici');
const socket = new WebSocket(process.env.AT.replace('https', 'wss'), { dispatcher: new EnvHttpProxyAgent() });
socket.onopen = () => socket.send('${GREETING}');
socket.onmessage = (message) => { console.log(message.data); socket.close(); };
socket.onerror = (event) => { console.log(String(event.error?.cause ?? event.error)); process.exit(1); };
`;

const SSE_UNDICI = `import { createRequire } from 'node:module';
const { EnvHttpProxyAgent, EventSource } = createRequire(process.env.MODULES)('undici');
const source = new EventSource(process.env.AT + '/events', { dispatcher: new EnvHttpProxyAgent() });
source.onmessage = (event) => { if (event.lastEventId === '2') { console.log(event.data); source.close(); } };
source.onerror = (event) => { console.log(String(event.error?.cause ?? event.error ?? 'connection refused')); process.exit(1); };
`;

const CHROMIUM = `import { createRequire } from 'node:module';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
const { chromium } = createRequire(process.env.MODULES)('playwright-core');
const key = new X509Certificate(readFileSync(process.env.NODE_EXTRA_CA_CERTS)).publicKey.export({ type: 'spki', format: 'der' });
const pin = createHash('sha256').update(key).digest('base64');
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--ignore-certificate-errors-spki-list=' + pin],
  proxy: { server: new URL(process.env.HTTPS_PROXY).origin },
});
const page = await browser.newPage();
try {
  await page.goto(process.env.AT + '/', { timeout: 30000 });
  console.log(await page.textContent('body'));
} catch (error) {
  console.log(error.message.split('\\n')[0]);
  process.exitCode = 1;
} finally {
  await browser.close();
}
`;

const PYTHON_CLIENTS: readonly Client[] = [
  {
    name: 'Python urllib',
    version: `${PYTHON} --version`,
    command: `${PYTHON} -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())' $AT/`,
  },
  {
    name: 'Python requests',
    version: `${PYTHON} -c 'import requests; print(requests.__version__)'`,
    command: `${PYTHON} -c 'import sys, requests; print(requests.get(sys.argv[1]).text)' $AT/`,
  },
  {
    name: 'Python httpx',
    version: `${PYTHON} -c 'import httpx; print(httpx.__version__)'`,
    command: `${PYTHON} -c 'import sys, httpx; print(httpx.get(sys.argv[1]).text)' $AT/`,
  },
  {
    name: 'Python aiohttp',
    version: `${PYTHON} -c 'import aiohttp; print(aiohttp.__version__)'`,
    files: {
      'ask.py': `import asyncio, os, aiohttp
async def main():
    async with aiohttp.ClientSession(trust_env=True) as session:
        async with session.get(os.environ['AT'] + '/') as answer:
            print(await answer.text())
asyncio.run(main())
`,
    },
    command: `${PYTHON} ask.py`,
    needs: '`ClientSession(trust_env=True)`',
    quirk: 'ignores the proxy variables otherwise, and then reaches nothing',
  },
  {
    name: 'WebSocket: Python websocket-client',
    version: `${PYTHON} -c 'import websocket; print(websocket.__version__)'`,
    files: {
      'ask.py': `import os, ssl, websocket
ws = websocket.create_connection(os.environ['AT'].replace('https', 'wss'), sslopt={'ca_certs': os.environ['SSL_CERT_FILE']})
ws.send('${GREETING}')
print(ws.recv())
ws.close()
`,
    },
    command: `${PYTHON} ask.py`,
    needs: "`sslopt={'ca_certs': …}` where it has certifi's bundle; a capability with `websocket: true`",
  },
  {
    name: 'gRPC: Python grpcio',
    version: `${PYTHON} -c 'import grpc; print(grpc.__version__)'`,
    files: { 'ask.py': GRPC },
    command: `${PYTHON} ask.py`,
    needs: 'a capability that writes: every call is a POST',
    quirk: 'HTTP/2 to the gate and from it; messages are searched one by one',
  },
];

const NODE_CLIENTS: readonly Client[] = [
  {
    name: 'Node fetch',
    version: `${NODE} --version`,
    command: `${NODE} -e 'fetch(process.argv[1]).then((r) => r.text()).then(console.log, (e) => { console.log(String(e.cause ?? e)); process.exit(1); })' $AT/`,
    quirk: 'Node before 22.21 and 24 does not know `NODE_USE_ENV_PROXY`',
  },
  {
    name: 'Node https',
    version: `${NODE} --version`,
    command: `${NODE} -e 'require("https").get(process.argv[1], (r) => r.pipe(process.stdout)).on("error", (e) => { console.log(e.message); process.exit(1); })' $AT/`,
    quirk: 'likewise',
  },
  {
    name: 'undici',
    version: NPM_VERSION('undici'),
    command: `${NODE} -e 'const u = require("undici"); u.request(process.argv[1], { dispatcher: new u.EnvHttpProxyAgent() }).then((r) => r.body.text()).then(console.log, (e) => { console.log(String(e.cause ?? e)); process.exit(1); })' $AT/`,
    needs: '`EnvHttpProxyAgent` as the dispatcher',
  },
  {
    name: 'axios',
    version: NPM_VERSION('axios'),
    command: `${NODE} -e 'require("axios").get(process.argv[1]).then((r) => console.log(r.data), (e) => { console.log(e.message); process.exit(1); })' $AT/`,
  },
  {
    name: 'WebSocket: undici',
    version: NPM_VERSION('undici'),
    files: { 'ask.mjs': WEBSOCKET_UNDICI },
    command: `${NODE} ask.mjs`,
    needs: '`EnvHttpProxyAgent` as the dispatcher; a capability with `websocket: true`',
  },
  {
    name: 'SSE: undici EventSource',
    version: NPM_VERSION('undici'),
    files: { 'ask.mjs': SSE_UNDICI },
    command: `${NODE} ask.mjs`,
    needs: '`EnvHttpProxyAgent` as the dispatcher',
  },
  {
    name: 'Chromium (Playwright)',
    version: 'chromium --version',
    files: { 'ask.mjs': CHROMIUM },
    command: `${NODE} ask.mjs`,
    needs:
      "the gate as Playwright's `proxy`; the CA in the NSS store, or its key as `--ignore-certificate-errors-spki-list`",
    quirk: 'reads neither the variables nor the system bundle; shows no reason of a denied CONNECT',
  },
];

const PACKAGE_MANAGERS: readonly Client[] = [
  {
    name: 'git clone',
    version: 'git --version',
    command: 'git clone -q $AT/git/project.git work && cat work/readme.txt',
  },
  {
    name: 'git push',
    version: 'git --version',
    command: `git clone -q $AT/git/project.git work && cd work && echo more >> readme.txt &&
git -c user.name=a -c user.email=a@lab.test commit -q -a -m more && git push -q origin HEAD:$BRANCH && git ls-remote origin | grep -q $BRANCH && echo ${GREETING}`,
    needs: 'a capability that writes: git-receive-pack is a write, git-upload-pack is not',
  },
  {
    name: 'npm install',
    version: 'npm --version',
    files: { 'package.json': '{"name":"work","version":"1.0.0"}' },
    command:
      'npm install --no-audit --no-fund --registry $AT/npm/ --cache cache --fetch-retries 0 lab-probe 2>&1 && cat node_modules/lab-probe/index.js',
    quirk: '`proxy`, `https-proxy` and `cafile` of an .npmrc win over the environment',
  },
  {
    name: 'pip install',
    version: `${PYTHON} -m pip --version`,
    command: `${PYTHON} -m pip install -q --no-cache-dir --retries 0 --target site --index-url $AT/simple/ lab-probe && cat site/lab_probe.py`,
    quirk: 'says why a page was refused only with `-v`; `proxy` and `cert` of a pip.conf win over the environment',
  },
  {
    name: 'apt-get',
    version: 'apt-get --version | head -1',
    files: {
      'apt.sh': `mkdir -p lists/partial cache/archives/partial etc
echo "deb [trusted=yes] $AT/apt/ ./" > etc/sources.list
: > status
cat > apt.conf <<END
Dir::Etc "$PWD/etc";
Dir::State "$PWD";
Dir::State::status "$PWD/status";
Dir::Cache "$PWD/cache";
APT::Architecture "amd64";
Acquire::Retries "0";
Acquire::Languages "none";
END
cat $APT_CONFIG >> apt.conf
export APT_CONFIG=$PWD/apt.conf
apt-get update -o APT::Update::Error-Mode=any && apt-get download -qq lab-probe && dpkg-deb --fsys-tarfile lab-probe_1.0_all.deb | tar -xO ./usr/share/lab-probe/greeting
`,
    },
    command: 'sh apt.sh',
    quirk:
      'reads its CA from its configuration only, to which the contract points `APT_CONFIG`; as root it fetches as root',
  },
  {
    name: 'cargo (sparse registry)',
    version: 'cargo --version',
    files: {
      'Cargo.toml':
        '[package]\nname = "work"\nversion = "1.0.0"\nedition = "2018"\n[dependencies]\nlab-probe = { version = "1.0.0", registry = "lab" }\n',
      'src/main.rs': 'fn main() {}\n',
    },
    command:
      'CARGO_HOME=$PWD/home CARGO_NET_RETRY=0 CARGO_REGISTRIES_LAB_INDEX="sparse+$AT/cargo/" cargo fetch && cat home/registry/src/*/lab-probe-1.0.0/src/lib.rs',
    quirk: 'Debian 12’s own cargo (1.63) knows no sparse registries; later ones do',
  },
];

const OTHERS: readonly Client[] = [
  { name: 'curl', version: 'curl --version | head -1', command: 'curl -sS $AT/' },
  { name: 'SSE: curl', version: 'curl --version | head -1', command: 'curl -sSN $AT/events' },
  {
    name: 'wget',
    version: 'wget --version | head -1',
    command: 'wget -nv -O- --tries=1 $AT/',
    quirk: 'reads its CA from `WGETRC` only, which the contract sets',
  },
  {
    name: 'Go net/http',
    version: 'go version',
    files: { 'ask.go': GO },
    command: 'GOCACHE=$PWD/cache GO111MODULE=off go run ask.go $AT/',
  },
  {
    name: 'Java HttpClient',
    version: 'java -version 2>&1 | grep -i version',
    files: { 'Ask.java': JAVA },
    command: 'java Ask.java $AT/',
    quirk:
      '`JAVA_TOOL_OPTIONS` carries trust store and proxy; Java has no property for a proxy password, so without `run` or `relay` it wants an `Authenticator` with the pass',
  },
  {
    name: 'Ruby Net::HTTP',
    version: 'ruby --version',
    command: `ruby -rnet/http -e 'u = URI(ARGV[0]); puts Net::HTTP.start(u.host, u.port, use_ssl: true) { |h| h.get("/").body }' $AT/`,
  },
  {
    name: 'PHP curl',
    version: 'php --version | head -1',
    command: `php -r '$c = curl_init($argv[1]); curl_setopt($c, CURLOPT_RETURNTRANSFER, true); $r = curl_exec($c); echo $r === false ? curl_error($c) : $r; exit($r === false ? 1 : 0);' $AT/`,
    quirk:
      'reads its CA from php.ini only, which the contract adds to; PHP streams (`file_get_contents`) read no proxy variable and reach nothing',
  },
  {
    name: 'Perl LWP',
    version: `perl -MLWP::UserAgent -MLWP::Protocol::https -e 'print LWP->VERSION'`,
    command: `perl -MLWP::UserAgent -e 'my $r = LWP::UserAgent->new(env_proxy => 1)->get($ARGV[0]); print $r->is_success ? $r->decoded_content : $r->status_line; exit !$r->is_success' $AT/`,
    needs: '`env_proxy => 1`',
  },
];

export const CLIENTS: readonly Client[] = [...OTHERS, ...PACKAGE_MANAGERS, ...PYTHON_CLIENTS, ...NODE_CLIENTS];
