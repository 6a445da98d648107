/**
 * The toolchains that `doctor` tries: how each is found, a real request that it makes, and what to do when it fails.
 * To add one, add a row.
 */

export interface Toolchain {
  readonly name: string;
  /** Program looked up on the PATH. */
  readonly program: string;
  /** Arguments that print its version, and so prove that it runs. */
  readonly version: readonly string[];
  /** The request: program and arguments, given the probe origin (`https://host`, no slash at its end). */
  readonly request: (origin: string, scratch: string) => readonly string[];
  /** Files that the request needs in its scratch directory. */
  readonly files?: (access: ProbeAccess) => Readonly<Record<string, string>>;
  /** Variables beyond the environment contract. */
  readonly environment?: (access: ProbeAccess, scratch: string) => Readonly<Record<string, string>>;
  /** What its output must contain when it worked. */
  readonly expect: string;
  /** What to do when it fails, for a person. */
  readonly fix: string;
}

export interface ProbeAccess {
  readonly origin: string;
  readonly proxyUrl: string;
  readonly mergedCaFile: string;
}

/** What the probe origin answers at `/`, so that a captive portal is not mistaken for success. */
export const PROBE_GREETING = 'hello from ';

const PROXY_AND_CA = 'set the variables of `locktender pass issue --env` in the shell that starts it';

const PYTHON_URLLIB =
  'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())';
const PYTHON_REQUESTS = 'import sys, requests; print(requests.get(sys.argv[1], timeout=10).text)';
const NODE_FETCH =
  'fetch(process.argv[1]).then((r) => r.text()).then(console.log, (e) => { console.error(String(e.cause ?? e)); process.exit(1); })';
const RUBY_OPEN = 'require "open-uri"; puts URI.open(ARGV[0]).read';
const PERL_LWP =
  'use LWP::UserAgent; my $u = LWP::UserAgent->new; $u->env_proxy; my $r = $u->get($ARGV[0]); print $r->decoded_content; exit !$r->is_success';

const PHP_CURL =
  '$c = curl_init($argv[1]); curl_setopt($c, CURLOPT_RETURNTRANSFER, true); $r = curl_exec($c); echo $r === false ? curl_error($c) : $r; exit($r === false ? 1 : 0);';

const JAVA_PROBE = `import java.net.*;
import java.net.http.*;

public class Probe {
  public static void main(String[] a) throws Exception {
    // Java reads no proxy variables and asks for credentials: this is what a program behind the gate needs.
    URI proxy = URI.create(System.getenv("HTTPS_PROXY"));
    String[] pass = proxy.getUserInfo().split(":", 2);
    HttpClient client = HttpClient.newBuilder()
        .proxy(ProxySelector.of(new InetSocketAddress(proxy.getHost(), proxy.getPort())))
        .authenticator(new Authenticator() {
          @Override protected PasswordAuthentication getPasswordAuthentication() {
            return new PasswordAuthentication(pass[0], pass[1].toCharArray());
          }
        }).build();
    System.out.println(client.send(HttpRequest.newBuilder(URI.create(a[0])).build(), HttpResponse.BodyHandlers.ofString()).body());
  }
}
`;

const GO_PROBE = `package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	r, err := http.Get(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	b, _ := io.ReadAll(r.Body)
	fmt.Println(string(b))
}
`;

export const TOOLCHAINS: readonly Toolchain[] = [
  {
    name: 'curl',
    program: 'curl',
    version: ['--version'],
    request: (origin) => ['curl', '-sS', '--max-time', '10', `${origin}/`],
    expect: PROBE_GREETING,
    fix: PROXY_AND_CA,
  },
  {
    name: 'wget',
    program: 'wget',
    version: ['--version'],
    request: (origin) => ['wget', '-qO-', '--timeout=10', '--tries=1', `${origin}/`],
    expect: PROBE_GREETING,
    fix: 'wget ignores SSL_CERT_FILE: set WGETRC as `locktender pass issue --env` does, or put `ca_certificate = <merged bundle>` into ~/.wgetrc',
  },
  {
    name: 'git',
    program: 'git',
    version: ['--version'],
    request: (origin) => ['git', 'ls-remote', `${origin}/probe.git`],
    environment: () => ({ GIT_TERMINAL_PROMPT: '0' }),
    expect: 'refs/heads/main',
    fix: `unset \`http.proxy\` and \`http.sslCAInfo\` in git config (they win over the environment), then ${PROXY_AND_CA}`,
  },
  {
    name: 'node',
    program: 'node',
    version: ['--version'],
    request: (origin) => ['node', '-e', NODE_FETCH, `${origin}/`],
    expect: PROBE_GREETING,
    fix: "Node's own fetch obeys the proxy variables from Node 24 (NODE_USE_ENV_PROXY=1); before that, use undici's EnvHttpProxyAgent",
  },
  {
    name: 'npm',
    program: 'npm',
    version: ['--version'],
    request: (origin) => ['npm', 'view', 'locktender-probe', 'version', '--registry', `${origin}/npm/`],
    environment: (_access, scratch) => ({ npm_config_cache: `${scratch}/npm`, npm_config_fetch_retries: '0' }),
    expect: '1.0.0',
    fix: `remove \`proxy\`, \`https-proxy\` and \`cafile\` from ~/.npmrc (they win over the environment), then ${PROXY_AND_CA}`,
  },
  {
    name: 'python urllib',
    program: 'python3',
    version: ['--version'],
    request: (origin) => ['python3', '-c', PYTHON_URLLIB, `${origin}/`],
    expect: PROBE_GREETING,
    fix: PROXY_AND_CA,
  },
  {
    name: 'python requests',
    program: 'python3',
    version: ['-c', 'import requests; print(requests.__version__)'],
    request: (origin) => ['python3', '-c', PYTHON_REQUESTS, `${origin}/`],
    expect: PROBE_GREETING,
    fix: PROXY_AND_CA,
  },
  {
    name: 'pip',
    program: 'pip',
    version: ['--version'],
    request: (origin) => [
      'pip',
      '--disable-pip-version-check',
      'index',
      'versions',
      'locktender-probe',
      '--index-url',
      `${origin}/simple/`,
    ],
    environment: (_access, scratch) => ({ PIP_CACHE_DIR: `${scratch}/pip`, PIP_RETRIES: '0', PIP_NO_INPUT: '1' }),
    expect: '1.0.0',
    fix: `remove \`proxy\` and \`cert\` from pip.conf (see \`pip config list\`), then ${PROXY_AND_CA}`,
  },
  {
    name: 'apt',
    program: '/usr/lib/apt/apt-helper',
    version: ['--version'],
    request: (origin, scratch) => [
      '/usr/lib/apt/apt-helper',
      '-o',
      'Acquire::Retries=0',
      'download-file',
      `${origin}/`,
      `${scratch}/apt.out`,
    ],
    expect: 'Fetched',
    fix: 'apt reads its CA from its own configuration: set APT_CONFIG as `locktender pass issue --env` does, or put `Acquire::https::CAInfo "<merged bundle>";` into the file that yours names',
  },
  {
    name: 'java',
    program: 'java',
    version: ['-version'],
    request: (origin, scratch) => ['java', `${scratch}/Probe.java`, `${origin}/`],
    files: () => ({ 'Probe.java': JAVA_PROBE }),
    expect: PROBE_GREETING,
    fix: 'Java reads neither the proxy variables nor the system bundle: pass JAVA_TOOL_OPTIONS of `pass issue --env`, and set an Authenticator',
  },
  {
    name: 'go',
    program: 'go',
    version: ['version'],
    request: (origin, scratch) => ['go', 'run', `${scratch}/probe.go`, `${origin}/`],
    files: () => ({ 'probe.go': GO_PROBE }),
    environment: (_access, scratch) => ({ GOCACHE: `${scratch}/go`, GOFLAGS: '-mod=mod', GO111MODULE: 'off' }),
    expect: PROBE_GREETING,
    fix: PROXY_AND_CA,
  },
  {
    name: 'ruby',
    program: 'ruby',
    version: ['--version'],
    request: (origin) => ['ruby', '-e', RUBY_OPEN, `${origin}/`],
    expect: PROBE_GREETING,
    fix: PROXY_AND_CA,
  },
  {
    name: 'perl LWP',
    program: 'perl',
    version: ['-MLWP::UserAgent', '-MLWP::Protocol::https', '-e', 'print LWP->VERSION'],
    request: (origin) => ['perl', '-e', PERL_LWP, `${origin}/`],
    expect: PROBE_GREETING,
    fix: `set PERL_LWP_SSL_CA_FILE to the merged bundle, and ${PROXY_AND_CA}`,
  },
  {
    name: 'php curl',
    program: 'php',
    version: ['-r', 'if (!function_exists("curl_init")) exit(1); echo PHP_VERSION;'],
    request: (origin) => ['php', '-r', PHP_CURL, `${origin}/`],
    expect: PROBE_GREETING,
    fix: 'PHP reads its CA from php.ini: set PHP_INI_SCAN_DIR as `locktender pass issue --env` does, or put `curl.cainfo=<merged bundle>` there',
  },
];
