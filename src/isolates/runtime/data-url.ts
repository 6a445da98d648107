/** `data:` URLs (Fetch, section 6): a body that needs no network. */

import { atob } from './base64.ts';
import { type MimeType, mimeText, parseMime } from './mime.ts';
import { encodeUtf8 } from './utf8.ts';

/** Null when it is none. @param href of a URL, without its fragment */
export function readDataUrl(href: string): { readonly bytes: Uint8Array; readonly type: string } | null {
  const comma = href.indexOf(',');
  if (comma < 0) return null;
  let type = href.slice('data:'.length, comma).replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, '');
  let bytes: Uint8Array | null = percentDecoded(encodeUtf8(href.slice(comma + 1)));
  const marked = /; *base64$/i.exec(type);
  if (marked) {
    bytes = fromBase64(bytes);
    type = type.slice(0, marked.index);
  }
  if (bytes === null) return null;
  if (type.startsWith(';')) type = `text/plain${type}`;
  const fallback: MimeType = { essence: 'text/plain', parameters: new Map([['charset', 'US-ASCII']]) };
  return { bytes, type: mimeText(parseMime(type) ?? fallback) };
}

function fromBase64(bytes: Uint8Array): Uint8Array | null {
  try {
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte);
    const binary = atob(text);
    return Uint8Array.from(binary, (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}

export function percentDecoded(source: Uint8Array): Uint8Array {
  const out = new Uint8Array(source.length);
  let size = 0;
  for (let i = 0; i < source.length; i += 1) {
    const byte = source[i] as number;
    const [high, low] = byte === 0x25 ? [hexValue(source[i + 1]), hexValue(source[i + 2])] : [-1, -1];
    if (high >= 0 && low >= 0) {
      out[size] = high * 16 + low;
      i += 2;
    } else out[size] = byte;
    size += 1;
  }
  return out.slice(0, size);
}

function hexValue(code: number | undefined): number {
  if (code === undefined) return -1;
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
