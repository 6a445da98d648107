import { describe, expect, it } from 'vitest';
import { hostMatches } from './host-pattern.ts';
import { parseScope, type ScopeEntry, scopeSchema } from './host-scope.ts';
import { pathMatches } from './path-pattern.ts';

function covers(entry: ScopeEntry, host: string, path: string): boolean {
  const scopes = parseScope(scopeSchema.parse(entry));
  if (!scopes.ok) throw new Error(scopes.error);
  return scopes.value.some(
    ({ pattern, paths }) =>
      hostMatches(pattern, host) && (paths.length === 0 || paths.some((one) => pathMatches(one, path))),
  );
}

const S3 = { s3: 'my-bucket', region: 'eu-west-1' };
const GITHUB = { github: 'acme/widgets' };

describe('T-38 what belongs to one owner of a shared host', () => {
  it.each<[ScopeEntry, string, string, boolean]>([
    ['api.example.com', 'api.example.com', '/any', true],
    [{ host: 's3.amazonaws.com', paths: ['/my-bucket/**'] }, 's3.amazonaws.com', '/my-bucket/key', true],
    [{ host: 's3.amazonaws.com', paths: ['/my-bucket/**'] }, 's3.amazonaws.com', '/my-bucket-2/key', false],
    [{ host: 's3.amazonaws.com', paths: ['/my-bucket/**'] }, 's3.amazonaws.com', '/my-bucket/../other/key', false],
    [S3, 'my-bucket.s3.eu-west-1.amazonaws.com', '/key', true],
    [S3, 'my-bucket.s3.dualstack.eu-west-1.amazonaws.com', '/key', true],
    [S3, 's3.eu-west-1.amazonaws.com', '/my-bucket/key', true],
    [S3, 's3.eu-west-1.amazonaws.com', '/my-bucket', true],
    [S3, 's3.eu-west-1.amazonaws.com', '/other/key', false],
    [S3, 'other.s3.eu-west-1.amazonaws.com', '/key', false],
    [S3, 'x.my-bucket.s3.eu-west-1.amazonaws.com', '/key', false],
    [S3, 'my-bucket.s3.us-east-1.amazonaws.com', '/key', false],
    [{ gcs: 'my-bucket' }, 'storage.googleapis.com', '/my-bucket/o', true],
    [{ gcs: 'my-bucket' }, 'storage.googleapis.com', '/storage/v1/b/my-bucket/o', true],
    [{ gcs: 'my-bucket' }, 'storage.googleapis.com', '/upload/storage/v1/b/my-bucket/o', true],
    [{ gcs: 'my-bucket' }, 'storage.googleapis.com', '/storage/v1/b/other/o', false],
    [{ azure: 'acct/data' }, 'acct.blob.core.windows.net', '/data/x', true],
    [{ azure: 'acct/data' }, 'acct.blob.core.windows.net', '/other/x', false],
    [{ azure: 'acct/data' }, 'evil.blob.core.windows.net', '/data/x', false],
    [GITHUB, 'github.com', '/acme/widgets.git/info/refs', true],
    [GITHUB, 'github.com', '/acme/widgets/archive/main.zip', true],
    [GITHUB, 'github.com', '/acme/widgets-evil/x', false],
    [GITHUB, 'github.com', '/evil/widgets/x', false],
    [GITHUB, 'api.github.com', '/repos/acme/widgets/issues', true],
    [GITHUB, 'api.github.com', '/repos/acme/other', false],
    [GITHUB, 'api.github.com', '/gists', false],
    [GITHUB, 'api.github.com', '/graphql', false],
    [GITHUB, 'raw.githubusercontent.com', '/acme/widgets/main/a', true],
    [GITHUB, 'raw.githubusercontent.com', '/evil/x/main/a', false],
    [GITHUB, 'gist.githubusercontent.com', '/acme/1', false],
    [{ github: 'acme' }, 'api.github.com', '/orgs/acme/repos', true],
    [{ github: 'acme' }, 'github.com', '/acme-evil/x', false],
    [{ gist: 'acme' }, 'gist.githubusercontent.com', '/acme/1/raw', true],
    [{ gist: 'acme' }, 'gist.github.com', '/evil/1', false],
  ])('%j covers %s%s: %s', (entry, host, path, expected) => {
    expect(covers(entry, host, path)).toBe(expected);
  });

  it.each([
    { s3: 'a', region: 'eu-west-1' },
    { s3: 'my-bucket' },
    { s3: 'my.bucket', region: 'eu-west-1' },
    { s3: 'my-bucket', region: 'eu-west-1.evil.com' },
    { github: 'acme/..' },
    { github: 'acme/a/b' },
    { gist: 'a/b' },
    { azure: 'acct' },
    { host: 'a.example', paths: [] },
    { host: 'a.example', path: '/x' },
  ])('%j is refused', (entry) => {
    expect(scopeSchema.safeParse(entry).success).toBe(false);
  });
});
