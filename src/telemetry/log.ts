/**
 * The structured log: JSON Lines on stderr, one constant message each, never a secret. Redaction is by field name and by
 * shape: a pass, a bearer token or a private key is replaced wherever it stands, even inside a longer string.
 */

import pino from 'pino';
import type { Log } from '../core/ports.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Log with its level adjustable while running. */
export interface AdjustableLog extends Log {
  setLevel(level: LogLevel): void;
}

const REDACTED = '[redacted]';
const SECRET_FIELDS =
  /^(authorization|proxy-?authorization|cookie|set-?cookie|token|(access|refresh|id)[-_]?token|password|passwd|passphrase|secret|client[-_]?secret|credentials?|private[-_]?key|(x-)?api[-_]?key|key[-_]?material|body)$/i;
/** JWTs (our passes among them), credentials in URLs, bearer and basic credentials, PEM private keys. */
const SECRET_SHAPES =
  /eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*|(?<=:\/\/)[^\s/@]+@|\b(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/gi;
const MAX_DEPTH = 6;
const MAX_STRING = 4096;

export interface LogOptions {
  readonly level: LogLevel;
  /** Fields on every line, for example `{ node }`. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Where lines go; stderr unless a test reads them. */
  readonly write?: (line: string) => void;
  /** Descriptor that lines go to; 2. */
  readonly fd?: number;
}

/** What is kept of lines that cannot be written, such as those to a file on a full disk; later ones are dropped. */
const MAX_HELD = 256 * 1024;

/** `Log` over pino. */
export function createLog(options: LogOptions): AdjustableLog {
  const destination = options.write === undefined ? descriptor(options.fd ?? 2) : { write: options.write };
  const logger = pino(
    {
      level: options.level,
      base: options.fields ?? null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => scrub(fields, 0) as Record<string, unknown>,
      },
    },
    destination,
  );
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    setLevel(level) {
      logger.level = level;
    },
  };
}

/** Nobody is there to be told of a log that cannot be written, and nothing else must stop for it. */
function descriptor(fd: number): pino.DestinationStream {
  const destination = pino.destination({ fd, sync: true, maxLength: MAX_HELD });
  destination.on('error', () => undefined);
  // What is full tries no more to write: an empty piece has what is held tried again, so that it goes on once there is room.
  destination.on('drop', () => destination.write(''));
  return destination;
}

/** A copy without secrets, bounded in depth and length. Errors become name, code, message and stack. */
export function scrub(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return scrubText(value);
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value !== 'object') return value;
  if (depth >= MAX_DEPTH) return '[deep]';
  if (value instanceof Error) return scrubError(value, depth);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => scrub(item, depth + 1));
  const out: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    out[scrubText(key)] =
      SECRET_FIELDS.test(key) && item !== null && item !== undefined ? REDACTED : scrub(item, depth + 1);
  }
  return out;
}

/** Replaces everything that looks like a credential. */
export function scrubText(text: string): string {
  // Cut last: a credential that is cut in two no longer looks like one.
  const clean = text.slice(0, 2 * MAX_STRING).replace(SECRET_SHAPES, REDACTED);
  return text.length > MAX_STRING ? `${clean.slice(0, MAX_STRING)}…` : clean;
}

function scrubError(error: Error, depth: number): object {
  const code = 'code' in error ? { code: scrub(error.code, depth + 1) } : {};
  const cause = error.cause === undefined ? {} : { cause: scrub(error.cause, depth + 1) };
  return {
    name: error.name,
    ...code,
    message: scrubText(error.message),
    stack: scrubText(error.stack ?? ''),
    ...cause,
  };
}
