/** Multipart bodies of forms, both ways. */

import { blobBytes, File } from './blob.ts';
import { joinBytes, latin1 } from './buffer-source.ts';
import { FormData } from './form-data.ts';
import { headerMime, mimeText } from './mime.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

const escapeName = (name: string): string => name.replace(/\n/g, '%0A').replace(/\r/g, '%0D').replace(/"/g, '%22');

/** The body of a form, and its boundary. */
export function encodeMultipart(form: FormData, boundary: string): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (const [name, value] of form) {
    const key = escapeName(name.replace(/\r\n|\r|\n/g, '\r\n'));
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${key}"`;
    if (typeof value === 'string') {
      pieces.push(encodeUtf8(`${head}\r\n\r\n${value.replace(/\r\n|\r|\n/g, '\r\n')}\r\n`));
      continue;
    }
    const type = value.type || 'application/octet-stream';
    pieces.push(encodeUtf8(`${head}; filename="${escapeName(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`));
    pieces.push(blobBytes(value), encodeUtf8('\r\n'));
  }
  pieces.push(encodeUtf8(`--${boundary}--\r\n`));
  return joinBytes(pieces);
}

/**
 * Throws a `TypeError` on anything that is no multipart body. Lines end with CRLF, nothing stands before the first
 * boundary, and what the writer escaped in names stays so, as it cannot be told from what was there before.
 */
export function decodeMultipart(bytes: Uint8Array, boundary: string): FormData {
  if (boundary === '') throw new TypeError('the boundary is empty');
  const form = new FormData();
  // One byte a character, so that places in the text are places in the bytes.
  const text = latin1(bytes);
  const mark = latin1(encodeUtf8(`--${boundary}`));
  let at = 0;
  while (text.startsWith('\r\n', at)) at += 2;
  if (!text.startsWith(mark, at)) throw new TypeError('the body does not begin with its boundary');
  for (;;) {
    const from = afterMark(text, at + mark.length);
    if (from === null) return form;
    const headEnd = text.indexOf('\r\n\r\n', from);
    const next = headEnd < 0 ? -1 : text.indexOf(`\r\n${mark}`, headEnd + 2);
    if (next < headEnd + 4) throw new TypeError('a part has no end');
    addPart(form, decodeUtf8(bytes.subarray(from + 2, headEnd)), bytes.subarray(headEnd + 4, next));
    at = next + 2;
  }
}

/** The end of the line that a boundary stands in; null when it is the last boundary. */
function afterMark(text: string, at: number): number | null {
  const last = text.startsWith('--', at);
  const end = afterBlanks(text, last ? at + 2 : at);
  if (last && end === text.length) return null;
  if (!text.startsWith('\r\n', end)) throw new TypeError('a boundary is not followed by a line');
  return last ? null : end;
}

function afterBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\t') at += 1;
  return at;
}

function addPart(form: FormData, head: string, body: Uint8Array): void {
  const headers = partHeaders(head);
  const { name, filename } = dispositionOf(headers.get('content-disposition') ?? '');
  if (name === undefined) throw new TypeError('a part has no name');
  if (filename === undefined) {
    form.append(name, decodeUtf8(body));
    return;
  }
  const mime = headerMime(headers.get('content-type') ?? 'text/plain');
  form.append(name, new File([body], filename, { type: mime ? mimeText(mime) : '', lastModified: 0 }));
}

/** By lower-case name; values of the same name are put together as in HTTP. */
function partHeaders(head: string): Map<string, string> {
  const out = new Map<string, string>();
  for (const line of head.split('\r\n')) {
    const [, name, value] = /^[\t ]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[\t ]*:[\t ]*([^\0\r\n]*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new TypeError('a header of a part is not valid');
    const key = name.toLowerCase();
    const before = out.get(key);
    out.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return out;
}

/** The first of each: a quoted string, in which a backslash is itself, or a token. */
function dispositionOf(value: string): { readonly name?: string; readonly filename?: string } {
  const kind = /^form-data[\t ]*(?=;|$)/i.exec(value);
  if (!kind) return {};
  const found = new Map<string, string>();
  const parameter = /;[\t ]*([^\t ;="]+)[\t ]*=[\t ]*(?:"([^"]*)"|([^\t ;"]+))[\t ]*/y;
  parameter.lastIndex = kind[0].length;
  for (let each = parameter.exec(value); each; each = parameter.exec(value)) {
    const [, name = '', quoted, plain = ''] = each;
    const key = name.toLowerCase();
    if (!found.has(key)) found.set(key, quoted ?? plain);
  }
  const [name, filename] = [found.get('name'), found.get('filename')];
  return { ...(name !== undefined && { name }), ...(filename !== undefined && { filename }) };
}
