import fc from 'fast-check';
import { expect, it } from 'vitest';
import { File } from './blob.ts';
import { FormData } from './form-data.ts';
import { decodeMultipart, encodeMultipart } from './multipart.ts';

const utf8 = new TextEncoder();
const body = (...lines: string[]) => utf8.encode(lines.join('\r\n'));
const field = 'Content-Disposition: form-data; name="a"';
const file = `${field}; filename="f"`;
const part = (...head: string[]) => body('--b', ...head, '', 'v', '--b--', '');

async function read(bytes: Uint8Array, boundary = 'b'): Promise<unknown[]> {
  const entries = [...decodeMultipart(bytes, boundary)].map(async ([name, value]) =>
    typeof value === 'string' ? [name, value] : [name, value.name, value.type, await value.text(), value.lastModified],
  );
  return Promise.all(entries);
}

it.each<[string, Uint8Array, unknown[]]>([
  ['a field', part(field), [['a', 'v']]],
  ['a file of no type', part(file), [['a', 'f', 'text/plain', 'v', 0]]],
  ['a file, its type first', part('Content-Type: image/png', file), [['a', 'f', 'image/png', 'v', 0]]],
  ['a type, written anew', part(file, 'cOntent-type:\t TEXT/html;;x="y" '), [['a', 'f', 'text/html;x=y', 'v', 0]]],
  ['of two types the last', part(file, 'Content-Type: a/b', 'Content-Type: c/d, e/f'), [['a', 'f', 'e/f', 'v', 0]]],
  ['a type that is none', part(file, 'Content-Type: text'), [['a', 'f', '', 'v', 0]]],
  ['an empty type', part(file, 'Content-Type:'), [['a', 'f', '', 'v', 0]]],
  ['escapes as they stand', part('Content-Disposition: form-data; name="a%0A%22b%25"'), [['a%0A%22b%25', 'v']]],
  [
    'a name within a name',
    part('Content-Disposition: form-data; filename="; name="; name="n"'),
    [['n', '; name=', 'text/plain', 'v', 0]],
  ],
  [
    'names that are tokens',
    part('content-disposition: FORM-DATA;name=n;  filename=t.txt'),
    [['n', 't.txt', 'text/plain', 'v', 0]],
  ],
  [
    'blanks around the name of a header',
    part(` Content-Disposition \t: form-data; name="a"`, 'X-Other: 1'),
    [['a', 'v']],
  ],
  ['an empty field', body('--b', field, '', '', '--b--'), [['a', '']]],
  ['a boundary within a line', body('--b', field, '', 'x--b--', 'y', '--b--', ''), [['a', 'x--b--\r\ny']]],
  ['blanks after boundaries', body('--b \t', field, '', 'v', '--b-- \t'), [['a', 'v']]],
  ['an empty line before, and more after', body('', '--b', field, '', 'v', '--b--', 'more', '--b'), [['a', 'v']]],
  ['no parts', body('--b--', ''), []],
])('reads %s', async (_what, bytes, expected) => {
  expect(await read(bytes)).toEqual(expected);
});

it.each<[string, Uint8Array]>([
  ['nothing', body('')],
  ['a preamble', body('preamble', '--b', field, '', 'v', '--b--', '')],
  ['a boundary and no more', body('--b')],
  ['no last boundary', body('--b', field, '', 'v')],
  ['a last boundary within a line', body('--b', field, '', 'v--b--', '')],
  ['a boundary that goes on', body('--b', field, '', 'v', '--bc', 'x', '--b--', '')],
  ['a last boundary that goes on', body('--b', field, '', 'v', '--b--junk', '')],
  ['a part with no body', body('--b', field, '', '--b--', '')],
  ['a part with no headers', body('--b', '', 'v', '--b--', '')],
  ['a part with no name', part('Content-Type: text/plain')],
  ['another disposition', part('Content-Disposition: form-data2; name="a"')],
  ['a header with no colon', part('Content-Disposition form-data; name="a"')],
  ['a header whose name is none', part(field, 'Cont ent-Type: text/plain')],
  ['a header over two lines', part('Content-Disposition: form-data;', ' name="a"')],
  ['NUL in a header', part(field, 'X-Other: a\0b')],
  ['a bare LF in a name', part('Content-Disposition: form-data; name="a\nb"')],
  ['a bare CR in a type', part(file, 'Content-Type: text/\rhtml')],
])('refuses %s', (_what, bytes) => {
  expect(() => decodeMultipart(bytes, 'b')).toThrow(TypeError);
});

it('takes a boundary of any characters but none', async () => {
  expect(await read(body('--bé(.)', field, '', 'v', '--bé(.)--', ''), 'bé(.)')).toEqual([['a', 'v']]);
  expect(() => decodeMultipart(body('--', field, '', 'v', '----', ''), '')).toThrow(TypeError);
});

it('gives back what was written, but for names that were escaped and line ends', async () => {
  const escaped = (name: string) => name.replace(/\n/g, '%0A').replace(/\r/g, '%0D').replace(/"/g, '%22');
  const lines = (text: string) => text.replace(/\r\n|\r|\n/g, '\r\n');
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom('\r', '\n', '"', '-', ';', '\\', ' ', 'é'),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    ),
  });
  const name = text.filter((t) => !t.includes('\0'));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(name, text, fc.option(name))), async (entries) => {
      const form = new FormData();
      for (const [key, value, filename] of entries)
        form.append(key, filename === null ? value : new File([value], filename, { type: 'a/b' }));
      const expected = entries.map(([key, value, filename]) => [
        escaped(lines(key)),
        ...(filename === null ? [lines(value)] : [escaped(filename), 'a/b', value, 0]),
      ]);
      expect(await read(encodeMultipart(form, 'none-of-theirs'), 'none-of-theirs')).toEqual(expected);
    }),
  );
});
