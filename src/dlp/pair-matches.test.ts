import { expect, it } from 'vitest';
import { shippedRules } from '../../test/dlp/shipped-rules.ts';
import { pairsOf } from './layers/pairs.ts';
import { scanLayers } from './scan-layers.ts';

const rules = shippedRules();
const SECRET = 'bKQ7udVyTWBecr3x';

function found(text: string): string[] {
  const bytes = Buffer.from(text);
  return scanLayers(bytes, rules).map(({ start, end }) => bytes.toString('utf8', start, end));
}

it.each([
  ['terraform fmt', '  name                 = "db"\n  password             = "{}"\n'],
  ['kubectl describe', '    Environment:\n      DB_HOST:                 db\n      DB_PASSWORD:             {}\n'],
  ['kubectl describe in a string of JSON', '{"stdout":"  Env:\\n      DB_PASSWORD:             {}\\n      A:  b\\n"}'],
  ['a struct of Go', 'Config{\n\tHost:         "db",\n\tAPIKey:       "{}",\n}'],
  ['a dict of Python', "{\n    'host'        : 'db',\n    'api_key'     : '{}',\n}"],
  ['columns', 'Key                 Value\n---                 -----\napi_key             {}\n'],
  ['a record of psql', '-[ RECORD 1 ]-----+------------\nid                | 1\npassword          | {}\n'],
  ['an index of C#', 'builder.Configuration["Jwt:Key"]       = "{}";\n'],
  ['bold type', '- **Host**: db\n- **API key**: {}\n'],
  ['bold type with its colon', 'Log in with **Password:** {}'],
  ['bold type of a chat', '*Password:* {}'],
  ['a row of HTML', '<tr><th>API key</th>\n  <td><code>{}</code></td></tr>'],
  ['a list of HTML', '<dl><dt>Password</dt><dd>{}</dd></dl>'],
  ['a property list', '<dict>\n\t<key>ApiKey</key>\n\t<string>{}</string>\n</dict>'],
  ['a property of Hadoop', '<property><name>fs.s3a.secret.key</name><value>{}</value></property>'],
  [
    'fields with others between',
    '[\n  {\n    "name": "DB_PASSWORD",\n    "type": "string",\n    "value": "{}"\n  }\n]',
  ],
  ['fields whose value comes first', '{"Value": "{}", "Key": "ApiKey"}'],
  ['parameters of CloudFormation', '{"ParameterKey": "DbPassword", "ParameterValue": "{}"}'],
  ['a block of YAML', 'db:\n  password: >-\n    {}\n  port: 1\n'],
  ['a macro', '#define API_KEY "{}"\n'],
  ['Objective-C', 'NSString *const kApiKey = @"{}";'],
])('a value is known by its name in %s', (_what, text) => {
  expect(found(text.replace('{}', SECRET))).toEqual([SECRET]);
});

it.each([
  ['a value is not known by the name of the next', 'password:          none\nhost:              bKQ7udVyTWBecr3x\n'],
  ['a word is no value', '- **Token**: `string` (required)\n<td>api_key</td><td>AccessTokenCredential2</td>'],
  ['a field whose name ends with value is none', '{"name": "token", "currentValue": "bKQ7udVyTWBecr3x"}'],
  ['indentation is no gap', 'password\n        bKQ7udVyTWBecr3x'],
])('%s', (_what, text) => {
  expect(found(text)).toEqual([]);
});

it('a value may hold letters of which a byte is a blank in Latin-1', () => {
  for (const value of ['voilà1à', 'là-bas-42', 'пароРль7'])
    expect(pairsOf(Buffer.from(`passwort            ${value}\n`)).pairs).toHaveLength(1);
});

it('what lines begin with uses up none of the places that are looked at', () => {
  const indented = '        return 1;\n'.repeat(1500);
  const { pairs } = pairsOf(Buffer.from(`${indented}password:          ${SECRET}\n`));
  expect(pairs).toHaveLength(1);
});

it('a text of nothing but marks is read in time that grows with it', () => {
  for (const mark of ['a    ', '**a', '</b>', 'value:', '|\n', '@"', '#define a "']) {
    const { pairs } = pairsOf(Buffer.from(mark.repeat(20_000)));
    expect(pairs).toEqual([]);
  }
});
