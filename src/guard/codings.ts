/** Content encodings: how each is undone and done again. */

import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';

export interface Coding {
  /** Throws where it cannot; `ERR_BUFFER_TOO_LARGE` where there would be more than `max`. */
  readonly decode: (bytes: Uint8Array, max: number) => Buffer;
  readonly encode: (bytes: Uint8Array) => Buffer;
}

/** The usual one, 11, takes a hundred times as long for a tenth less. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

export const CODINGS: Readonly<Record<string, Coding>> = {
  gzip: { decode: (b, maxOutputLength) => gunzipSync(b, { maxOutputLength }), encode: (b) => gzipSync(b) },
  'x-gzip': { decode: (b, maxOutputLength) => gunzipSync(b, { maxOutputLength }), encode: (b) => gzipSync(b) },
  deflate: { decode: (b, maxOutputLength) => inflateSync(b, { maxOutputLength }), encode: (b) => deflateSync(b) },
  br: {
    decode: (b, maxOutputLength) => brotliDecompressSync(b, { maxOutputLength }),
    encode: (b) => brotliCompressSync(b, BROTLI),
  },
  zstd: {
    decode: (b, maxOutputLength) => zstdDecompressSync(b, { maxOutputLength }),
    encode: (b) => zstdCompressSync(b),
  },
};
