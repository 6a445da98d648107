import fc from 'fast-check';
import { expect, test } from 'vitest';
import { subjectNames } from './subject-names.ts';

test.each([
  ['one', 'DNS:build-1.example', ['DNS:build-1.example']],
  ['a URI', 'URI:spiffe://a.example/ns/x', ['URI:spiffe://a.example/ns/x']],
  [
    'only DNS and URI',
    'DNS:a.example, email:b@c.d, IP Address:10.0.0.1, DirName:"CN=x\\u002c DNS:y", Registered ID:1.2.3, URI:e:f',
    ['DNS:a.example', 'URI:e:f'],
  ],
  ['a value that looks like a further name', 'DNS:"a.example, DNS:b.example", DNS:c.example', ['DNS:c.example']],
  ['a quote in a quoted value', 'URI:"x\\", DNS:b.example", DNS:c.example', ['DNS:c.example']],
  ['another kind with such a value', 'othername:"x, DNS:b.example"', []],
  ['kinds as they are written', 'dns:a.example, uri:b:c', []],
  ['none', '', []],
  ['a quote that does not end', 'DNS:a.example, DNS:"b', []],
  ['a value without a kind', 'DNS:a.example, b.example', []],
  ['an empty value', 'DNS:, DNS:a.example', ['DNS:a.example']],
])('reads %s', (_, text, names) => {
  expect(subjectNames(text)).toEqual(names);
});

/** As Node writes a value: quoted where anything in it could be taken for more. */
const written = (value: string) =>
  /^[\x20-\x7e]*$/.test(value) && !/[",'\\]/.test(value) ? value : JSON.stringify(value);

test('no value can look like a further name', () => {
  const kind = fc.constantFrom('DNS', 'URI', 'email', 'othername', 'DirName', 'IP Address');
  const value = fc.oneof(fc.string(), fc.constantFrom('a, DNS:b', '", DNS:b', '\\", URI:b', "', DNS:b", 'a.example'));
  fc.assert(
    fc.property(fc.array(fc.tuple(kind, value)), (entries) => {
      const text = entries.map(([of, name]) => `${of}:${written(name)}`).join(', ');
      const own = entries.filter(([of, name]) => /^(DNS|URI)$/.test(of) && name !== '' && written(name) === name);
      expect(subjectNames(text)).toEqual(own.map(([of, name]) => `${of}:${name}`));
    }),
  );
});
