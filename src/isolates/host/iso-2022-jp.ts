/**
 * ISO-2022-JP as the Encoding standard decodes it (section 12.2.1): Node's own differs where an escape is none, and in
 * Katakana. Its table of characters is that of EUC-JP, which Node has.
 */

type State = 'ascii' | 'roman' | 'katakana' | 'lead' | 'trail' | 'escape-start' | 'escape';

const END = -1;
const ESC = 0x1b;
const eucJp = new TextDecoder('euc-jp');
/** Of each pair of bytes that was looked up; there are 8,836. */
const pairs = new Map<number, string>();

function pairText(lead: number, trail: number): string {
  const key = lead * 256 + trail;
  const known = pairs.get(key);
  if (known !== undefined) return known;
  const text = eucJp.decode(Uint8Array.of(lead | 0x80, trail | 0x80));
  pairs.set(key, text);
  return text;
}

const within = (byte: number, from: number, to: number) => byte >= from && byte <= to;
/** By the two bytes of an escape. */
const STATES: ReadonlyMap<string, State> = new Map([
  ['(B', 'ascii'],
  ['(J', 'roman'],
  ['(I', 'katakana'],
  ['$@', 'lead'],
  ['$B', 'lead'],
]);

export class Iso2022Jp {
  readonly #fatal: boolean;
  #state: State = 'ascii';
  #outside: State = 'ascii';
  #lead = 0;
  /** Nothing has come since the last escape. */
  #bare = false;
  #text = '';

  constructor(fatal: boolean) {
    this.#fatal = fatal;
  }

  /** Without `stream`, what comes is the last. Throws a `TypeError` on what is not valid, when it is to be fatal. */
  decode(bytes: Uint8Array = new Uint8Array(0), { stream = false } = {}): string {
    for (const byte of bytes) this.#take(byte);
    if (!stream) this.#take(END);
    const text = this.#text;
    this.#text = '';
    return text;
  }

  #wrong(): void {
    if (this.#fatal) throw new TypeError('the bytes are not valid ISO-2022-JP');
    this.#text += '\ufffd';
  }

  #take(byte: number): void {
    if (this.#state === 'escape-start') this.#begin(byte);
    else if (this.#state === 'escape') this.#escape(byte);
    else if (this.#state === 'trail') this.#pair(byte);
    else if (byte === ESC) this.#state = 'escape-start';
    else if (byte !== END) this.#single(byte, this.#state);
  }

  #single(byte: number, state: State): void {
    this.#bare = false;
    if (state === 'katakana' && within(byte, 0x21, 0x5f)) this.#text += String.fromCharCode(0xff61 - 0x21 + byte);
    else if (state === 'lead' && within(byte, 0x21, 0x7e)) {
      this.#lead = byte;
      this.#state = 'trail';
    } else if (state === 'katakana' || state === 'lead' || byte > 0x7f || within(byte, 0x0e, 0x0f)) this.#wrong();
    else if (state === 'roman' && byte === 0x5c) this.#text += '\u00a5';
    else if (state === 'roman' && byte === 0x7e) this.#text += '\u203e';
    else this.#text += String.fromCharCode(byte);
  }

  #pair(byte: number): void {
    this.#state = byte === ESC ? 'escape-start' : 'lead';
    const text = within(byte, 0x21, 0x7e) ? pairText(this.#lead, byte) : '\ufffd';
    if (text === '\ufffd') this.#wrong();
    else this.#text += text;
  }

  #begin(byte: number): void {
    if (byte === 0x24 || byte === 0x28) {
      this.#lead = byte;
      this.#state = 'escape';
    } else this.#noEscape([byte]);
  }

  #escape(byte: number): void {
    const state = byte === END ? undefined : STATES.get(String.fromCharCode(this.#lead, byte));
    if (state === undefined) {
      this.#noEscape([this.#lead, byte]);
      return;
    }
    this.#state = state;
    this.#outside = state;
    if (this.#bare) this.#wrong();
    this.#bare = true;
  }

  /** What looked like one is read as it stands. */
  #noEscape(bytes: readonly number[]): void {
    this.#bare = false;
    this.#state = this.#outside;
    this.#wrong();
    for (const byte of bytes) this.#take(byte);
  }
}
