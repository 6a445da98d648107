/** Bodies that are no format but have the signs of all: they end nothing, and come out the same however they are cut. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { contextOf } from '../../test/dlp/guard-context.ts';
import { GITHUB_RULES, GITHUB_TOKEN, ruleSet } from '../../test/dlp/small-rules.ts';
import { createGuard } from './guard.ts';

const guard = createGuard({ rules: ruleSet(GITHUB_RULES), fingerprintKey: Buffer.alloc(32, 1) });

const sign = fc.constantFrom(
  ...[
    '{',
    '}',
    '[',
    ']',
    '"',
    '\\',
    ':',
    ',',
    '\n',
    '\r',
    '\r\n',
    '\r\r',
    '\x1e',
    '\ufeff',
    '&',
    '=',
    ';',
    '|',
    '\t',
    ' ',
  ],
  ...[
    'data: ',
    'event: a\n',
    '0:"',
    '"}\n\n',
    '{"text":"',
    '"index":1',
    '<a b="',
    '</a>',
    '<![CDATA[',
    ']]>',
    '- ',
    'a: ',
  ],
  ...[
    '--b',
    '--b--',
    'Content-Disposition: form-data; name="a"',
    '; filename*0=',
    '\r\n\r\n',
    '%41',
    '\\u0061',
    '\0',
    '𝄞',
  ],
  ...[GITHUB_TOKEN, GITHUB_TOKEN.slice(0, 15), GITHUB_TOKEN.slice(15), Buffer.from(GITHUB_TOKEN).toString('base64')],
);
const type = fc.constantFrom(
  ...['', 'application/json', 'text/event-stream', 'multipart/form-data; boundary=b', 'text/csv', 'application/yaml'],
  ...['application/x-www-form-urlencoded', 'text/xml', 'text/plain'],
);

function passed(body: Buffer, contentType: string, cuts: readonly number[]): string {
  const filter = guard.filter(contextOf({ contentType }));
  const out: Uint8Array[] = [];
  let at = 0;
  for (const cut of [...cuts, body.length].sort((a, b) => a - b)) {
    const end = Math.min(cut, body.length);
    if (end > at && !filter.blocked) out.push(...filter.push(body.subarray(at, end)));
    at = Math.max(at, end);
  }
  if (!filter.blocked) out.push(...filter.end());
  return filter.blocked ? 'blocked' : Buffer.concat(out).toString('latin1');
}

it('comes out the same however it is cut, and without the secret where it stood whole', () => {
  fc.assert(
    fc.property(
      fc.array(sign, { maxLength: 60 }),
      type,
      fc.array(fc.nat(800), { maxLength: 12 }),
      (signs, of, cuts) => {
        const body = Buffer.from(signs.join(''));
        const whole = passed(body, of, []);
        expect(passed(body, of, cuts)).toBe(whole);
        expect(whole).not.toMatch(new RegExp(`(?<![0-9A-Za-z_])${GITHUB_TOKEN}(?![0-9A-Za-z_])`));
      },
    ),
    { numRuns: 400 },
  );
});
