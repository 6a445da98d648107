/**
 * What the fields of a request say, whatever its first line asks for. A connection that says the same fields again keeps it:
 * nothing of it is worked out twice.
 */

import type { FieldParts } from '../../guard/field-parts.ts';
import { isHostValue, isLengthValue } from '../../wire/http-head.ts';
import type { Credential, HeaderList, RequestProblem } from '../exchange.ts';
import { countField, field, joined } from '../fields.ts';
import { outboundFields } from '../guarding/scan-outbound.ts';
import { mediaType } from '../media-type.ts';

export type HttpVersion = '1.0' | '1.1' | '2';

export class AskedFields {
  readonly headers: HeaderList;
  readonly version: HttpVersion;
  /** What no request may say. */
  readonly problem: RequestProblem | null;
  /** Likewise, of transfer codings; HTTP/2 has none. */
  readonly codingProblem: RequestProblem | null;
  /** Empty where there is none. */
  readonly host: string;
  readonly contentType: string;
  /** What both `Upgrade` and `Connection` ask for, in lower case; empty where they do not. */
  readonly upgrade: string;
  readonly hasBody: boolean;
  #credential: Credential | null | undefined;
  #parts: FieldParts | undefined;

  constructor(headers: HeaderList, version: HttpVersion, maxFields: number) {
    this.headers = headers;
    this.version = version;
    this.problem = problemOf(headers, version, maxFields);
    this.codingProblem = version === '2' ? null : codingProblem(headers, version);
    this.host = field(headers, 'host');
    this.contentType = mediaType(headers);
    this.upgrade = upgradeOf(headers);
    this.hasBody = hasBody(headers, version);
  }

  /** Worked out where it is asked for: within a tunnel none counts. */
  get credential(): Credential | null {
    if (this.#credential === undefined) this.#credential = credentialOf(this.headers);
    return this.#credential;
  }

  /** As the guard looks at them; what it found out about them holds as long as they are kept. */
  get parts(): FieldParts {
    this.#parts ??= outboundFields(this.headers);
    return this.#parts;
  }
}

function problemOf(headers: HeaderList, version: HttpVersion, maxFields: number): RequestProblem | null {
  if (headers.length > maxFields) return { reason: 'headers_too_large', detail: 'too_many_fields' };
  const detail = malformed(headers, version);
  return detail === null ? null : { reason: 'request_malformed', detail };
}

/** INVARIANT: as strict as our own reader of HTTP/1.x heads, which requests of h2 and of isolates do not meet. */
function malformed(headers: HeaderList, version: HttpVersion): string | null {
  const host = hostProblem(headers, version);
  if (host !== null) return host;
  if (countField(headers, 'proxy-authorization') > 1) return 'duplicate_credentials';
  if (countField(headers, 'content-type') > 1) return 'duplicate_type';
  if (!isExpectable(joined(headers, 'expect'))) return 'expectation';
  const lengths = countField(headers, 'content-length');
  if (lengths > 1) return 'duplicate_length';
  return lengths === 1 && !isLengthValue(field(headers, 'content-length')) ? 'bad_length' : null;
}

function hostProblem(headers: HeaderList, version: HttpVersion): string | null {
  const hosts = countField(headers, 'host');
  if (hosts > 1) return 'duplicate_host';
  if (hosts === 0) return version === '1.1' ? 'missing_host' : null;
  return isHostValue(field(headers, 'host')) ? null : 'bad_host';
}

/** RFC 9110 section 10.1.1: nothing but `100-continue` may be expected. */
function isExpectable(expected: string): boolean {
  return expected === '' || expected.toLowerCase() === '100-continue';
}

function codingProblem(headers: HeaderList, version: HttpVersion): RequestProblem | null {
  const codings = countField(headers, 'transfer-encoding');
  if (codings === 0) return null;
  const plain = version === '1.1' && codings === 1 && field(headers, 'transfer-encoding').toLowerCase() === 'chunked';
  if (!plain) return { reason: 'request_malformed', detail: 'bad_transfer_encoding' };
  const both = countField(headers, 'content-length') > 0;
  return both ? { reason: 'request_malformed', detail: 'length_and_transfer_encoding' } : null;
}

function hasBody(headers: HeaderList, version: HttpVersion): boolean {
  const length = field(headers, 'content-length');
  if (version === '2') return length !== '' && length !== '0';
  return countField(headers, 'transfer-encoding') > 0 || (length !== '' && !/^0+$/.test(length));
}

/** Only what both fields ask for is an upgrade; h2c is an offer, and not taken up (RFC 9110 section 7.8). */
function upgradeOf(headers: HeaderList): string {
  const wanted = joined(headers, 'upgrade').toLowerCase();
  if (wanted === '' || wanted === 'h2c') return '';
  const agreed = headers.some(([n, v]) => n.toLowerCase() === 'connection' && /(?:^|,)\s*upgrade\s*(?:,|$)/i.test(v));
  return agreed ? wanted : '';
}

/** Basic with the token as password, or Bearer. Anything else is a credential that no pass can be. */
function credentialOf(headers: HeaderList): Credential | null {
  const value = field(headers, 'proxy-authorization');
  if (value === '') return null;
  const [scheme = '', rest = ''] = value.split(' ', 2);
  return credentialFrom(scheme, rest);
}

/** `rest` is what stands behind the scheme. */
export function credentialFrom(scheme: string, rest: string): Credential {
  if (/^bearer$/i.test(scheme)) return { user: '', token: rest };
  if (!/^basic$/i.test(scheme)) return { user: '', token: '' };
  const text = Buffer.from(rest, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? { user: '', token: '' } : { user: text.slice(0, colon), token: text.slice(colon + 1) };
}
