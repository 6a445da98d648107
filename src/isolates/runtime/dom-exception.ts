/** `DOMException` and `QuotaExceededError`, with the names and legacy codes of Web IDL. */

/** By code; null where a code has no name of its own any more. */
const NAMES: readonly (readonly [constant: string, name: string | null])[] = [
  ['INDEX_SIZE_ERR', 'IndexSizeError'],
  ['DOMSTRING_SIZE_ERR', null],
  ['HIERARCHY_REQUEST_ERR', 'HierarchyRequestError'],
  ['WRONG_DOCUMENT_ERR', 'WrongDocumentError'],
  ['INVALID_CHARACTER_ERR', 'InvalidCharacterError'],
  ['NO_DATA_ALLOWED_ERR', null],
  ['NO_MODIFICATION_ALLOWED_ERR', 'NoModificationAllowedError'],
  ['NOT_FOUND_ERR', 'NotFoundError'],
  ['NOT_SUPPORTED_ERR', 'NotSupportedError'],
  ['INUSE_ATTRIBUTE_ERR', 'InUseAttributeError'],
  ['INVALID_STATE_ERR', 'InvalidStateError'],
  ['SYNTAX_ERR', 'SyntaxError'],
  ['INVALID_MODIFICATION_ERR', 'InvalidModificationError'],
  ['NAMESPACE_ERR', 'NamespaceError'],
  ['INVALID_ACCESS_ERR', 'InvalidAccessError'],
  ['VALIDATION_ERR', null],
  ['TYPE_MISMATCH_ERR', 'TypeMismatchError'],
  ['SECURITY_ERR', 'SecurityError'],
  ['NETWORK_ERR', 'NetworkError'],
  ['ABORT_ERR', 'AbortError'],
  ['URL_MISMATCH_ERR', 'URLMismatchError'],
  ['QUOTA_EXCEEDED_ERR', 'QuotaExceededError'],
  ['TIMEOUT_ERR', 'TimeoutError'],
  ['INVALID_NODE_TYPE_ERR', 'InvalidNodeTypeError'],
  ['DATA_CLONE_ERR', 'DataCloneError'],
];
const CODES = new Map(NAMES.map(([, name], i) => [name, i + 1]));
const { captureStackTrace } = Error as { captureStackTrace?: (of: object, above: unknown) => void };

interface State {
  readonly name: string;
  readonly message: string;
}

const states = new WeakMap<object, State>();
const of = (exception: object): State => {
  const state = states.get(exception);
  if (!state) throw new TypeError('the value is no DOMException');
  return state;
};

/**
 * Its prototype inherits `Error`'s, the function itself nothing, and what it makes are real errors with a stack: as Web
 * IDL has it, which no `extends` gives.
 */
export class DOMException {
  constructor(message: unknown = '', name: unknown = 'Error') {
    const state = { message: String(message), name: String(name) };
    const made = Reflect.construct(Error, [], new.target) as DOMException;
    states.set(made, state);
    captureStackTrace?.(made, DOMException);
    // biome-ignore lint/correctness/noConstructorReturn: the only way to a real error without `extends`
    return made;
  }

  get name(): string {
    return of(this).name;
  }

  get message(): string {
    return of(this).message;
  }

  get code(): number {
    return CODES.get(of(this).name) ?? 0;
  }
}

Object.setPrototypeOf(DOMException.prototype, Error.prototype);
for (const [i, [constant]] of NAMES.entries()) {
  for (const on of [DOMException, DOMException.prototype])
    Object.defineProperty(on, constant, { value: i + 1, enumerable: true });
}

export function isDomException(value: object): value is DOMException {
  return states.has(value);
}

interface Quota {
  readonly quota: number | null;
  readonly requested: number | null;
}

const quotas = new WeakMap<object, Quota>();
const quotaOf = (exception: object): Quota => {
  const quota = quotas.get(exception);
  if (!quota) throw new TypeError('the value is no QuotaExceededError');
  return quota;
};

/** What is too much, and of how much; both may be untold. */
export class QuotaExceededError extends DOMException {
  constructor(message: unknown = '', options?: { readonly quota?: unknown; readonly requested?: unknown } | null) {
    super(message, 'QuotaExceededError');
    if (options !== undefined && options !== null && typeof options !== 'object' && typeof options !== 'function')
      throw new TypeError('the options are no object');
    const quota = amount(options?.quota);
    const requested = amount(options?.requested);
    if (quota !== null && requested !== null && requested < quota)
      throw new RangeError('what was requested is within the quota');
    quotas.set(this, { quota, requested });
  }

  get quota(): number | null {
    return quotaOf(this).quota;
  }

  get requested(): number | null {
    return quotaOf(this).requested;
  }
}

function amount(value: unknown): number | null {
  if (value === undefined) return null;
  const number = Number(value);
  if (!Number.isFinite(number)) throw new TypeError('the value is no finite number');
  if (number < 0) throw new RangeError('the value is less than nothing');
  return number;
}

export function clonedException(of: DOMException): DOMException {
  if (!quotas.has(of)) return new DOMException(of.message, of.name);
  const { quota, requested } = quotaOf(of);
  return new QuotaExceededError(of.message, { quota: quota ?? undefined, requested: requested ?? undefined });
}
