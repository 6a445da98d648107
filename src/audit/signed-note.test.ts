import { describe, expect, it } from 'vitest';
import { newSigner, verifierFor } from '../../test/record/log-fixture.ts';
import { checkNote, noteText, parseNote, signNote } from './signed-note.ts';

const signer = newSigner();
const note = signNote('log.example/gate\n7\nroot\n', [signer]);
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

describe('a signed note', () => {
  it('is read as it was signed, by the letter', () => {
    const read = parseNote(note);
    if (!read.ok) throw new Error(read.error);
    expect(checkNote(read.value, [verifierFor(signer)])).toBe('verified');
    expect(noteText(read.value)).toBe(note);
  });

  it('is malformed where its base64 is not the one way to write its bytes', () => {
    const at = note.length - '=\n'.length - 1;
    const value = DIGITS.indexOf(note[at] ?? '');
    // Two bits of the last digit are no part of the 68 bytes.
    for (const more of [1, 2, 3]) {
      const altered = note.slice(0, at) + DIGITS[(value & ~3) | more] + note.slice(at + 1);
      expect(Buffer.from(altered.slice(-94, -1), 'base64')).toEqual(Buffer.from(note.slice(-94, -1), 'base64'));
      expect(parseNote(altered)).toEqual({ ok: false, error: 'a signature line is malformed' });
    }
  });
});
