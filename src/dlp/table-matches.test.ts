import { expect, it } from 'vitest';
import { shippedRules } from '../../test/dlp/shipped-rules.ts';
import { scanLayers } from './scan-layers.ts';

const rules = shippedRules();

function found(text: string): string[] {
  const bytes = Buffer.from(text);
  return scanLayers(bytes, rules).map(
    ({ rule, start, end }) => `${rule.spec.info_type} ${bytes.toString('utf8', start, end)}`,
  );
}

it.each([
  ['CSV', 'id,ssn,city\n1,536228145,Graz\n2,536228146,Linz\n'],
  ['Markdown', '| id | SSN | city |\n|---|---|---|\n| 1 | 536228145 | Graz |\n| 2 | 536228146 | Linz |\n'],
  [
    'INSERT of SQL',
    "INSERT INTO `p` (`id`, `ssn`, `city`) VALUES\n(1,'536228145','Graz'),\n(2,'536228146','O''Linz');\n",
  ],
  [
    'INSERT into a table that was created',
    "CREATE TABLE `p` (\n  `id` int NOT NULL,\n  `ssn` char(9),\n  PRIMARY KEY (`id`)\n);\nCREATE TABLE IF NOT EXISTS d.Q (\n  ssn int,\n  id int\n);\nINSERT INTO `P` VALUES (1,'536228145'),(2,'536228146');\n",
  ],
  ['COPY of PostgreSQL', 'COPY public.p (id, ssn, city) FROM stdin;\n1\t536228145\tGraz\n2\t536228146\t\\N\n\\.\n'],
  [
    'HTML',
    '<table><thead><tr><th>id</th><th>SSN</th></tr></thead><tbody>\n<tr><td>1</td><td><b>536228145</b></td></tr>\n<tr><td>2</td><td>536228146</td></tr></tbody></table>',
  ],
  ['CSV in a string of JSON', '{"rows":"id,ssn,city\\n1,536228145,Graz\\n2,536228146,Linz"}'],
])('a number is known by the name of its column in %s', (_what, text) => {
  expect(found(text)).toEqual(['US_SOCIAL_SECURITY_NUMBER 536228145', 'US_SOCIAL_SECURITY_NUMBER 536228146']);
});

it('a cell of one row is not known by the name of another column', () => {
  expect(found('id,ssn,total\n536228145,none,1\n')).toEqual([]);
});

it('what takes the place of a cell stands in that cell', () => {
  const text = Buffer.from('id,passport_number\n1,C01X00T47\n');
  const [one] = scanLayers(text, rules);
  const out = [text.subarray(0, one?.start), one?.replaced(Buffer.from('[GONE]')), text.subarray(one?.end)];
  expect(out.join('')).toBe('id,passport_number\n1,[GONE]\n');
});

it('a table of 90 KB is told no more than once', () => {
  const rows = Array.from({ length: 4000 }, (_, i) => `${i},536228145,"Graz, Styria"`);
  expect(found(`id,ssn,city\n${rows.join('\n')}\n`.slice(0, 90_000)).length).toBeGreaterThan(2000);
});

it('a text of nothing but what begins a table is read in time that grows with it', () => {
  for (const mark of [
    '<th>',
    '<tr><td>',
    "VALUES ('",
    "INSERT INTO a VALUES (1,'",
    'COPY a (b) FROM stdin;\n',
    'create table a (\n',
  ])
    expect(found(mark.repeat(3000))).toEqual([]);
});
