import { describe, expect, it } from 'vitest';
import { sandboxEnvironment, shellExports, shellQuote } from './environment.ts';

const access = {
  proxyUrl: 'http://t_1:secret@127.0.0.1:3128',
  mergedCaFile: '/state/ca-bundle.pem',
  ownCaFile: '/state/ca.pem',
  wgetrc: '/state/wgetrc',
  aptConf: '/state/apt.conf',
  phpIniDir: '/state/php.d',
  javaTrustStore: { file: '/state/trust.jks', password: 'changeit' },
};

describe('sandbox environment', () => {
  const environment = sandboxEnvironment(access);

  it.each(['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'])('sets %s', (name) => {
    expect(environment[name]).toBe(access.proxyUrl);
  });

  it('replaces whole bundles by the merged one and adds our CA alone where tools add', () => {
    expect(environment['SSL_CERT_FILE']).toBe('/state/ca-bundle.pem');
    expect(environment['NODE_EXTRA_CA_CERTS']).toBe('/state/ca.pem');
  });

  it('adds to the directories of php.ini files and replaces none', () => {
    expect(environment['PHP_INI_SCAN_DIR']).toBe(':/state/php.d');
  });

  it('gives Java the proxy and the trust store but never the pass', () => {
    expect(environment['JAVA_TOOL_OPTIONS']).toContain('-Dhttps.proxyPort=3128');
    expect(environment['JAVA_TOOL_OPTIONS']).toContain('trustStore=/state/trust.jks');
    expect(environment['JAVA_TOOL_OPTIONS']).not.toContain('secret');
  });

  it('keeps a trust store whose path has a blank in it in one of Java’s flags', () => {
    const javaTrustStore = { file: '/my state/trust.jks', password: 'changeit' };
    const { JAVA_TOOL_OPTIONS: flags } = sandboxEnvironment({ ...access, javaTrustStore });
    expect(flags).toContain(' "-Djavax.net.ssl.trustStore=/my state/trust.jks" ');
  });

  it('quotes for a POSIX shell so that a value can never become a command', () => {
    expect(shellQuote("a'; rm -rf / #")).toBe("'a'\\''; rm -rf / #'");
    expect(shellExports({ A: '$(id)' })).toBe("export A='$(id)'\n");
  });
});
