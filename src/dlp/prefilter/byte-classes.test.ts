/** Every byte is in a class, a letter in the same in either case. */

import { describe, expect, it } from 'vitest';
import { ALL_CLASSES, classesOf, classOf } from './byte-classes.ts';
import { OUTSIDE } from './set-sequence.ts';

const bytes = Array.from({ length: 256 }, (_, byte) => byte);
const ofText = (text: string) => new Set([...text].map((char) => classOf(char.charCodeAt(0))));

describe('classOf', () => {
  it('puts every byte into one class, but `z`, and uses all eight', () => {
    const several = bytes.filter((byte) => Math.log2(classOf(byte)) % 1 !== 0);
    expect(String.fromCharCode(...several)).toBe('Zz');
    expect(bytes.reduce((all, byte) => all | classOf(byte), 0)).toBe(ALL_CLASSES);
  });

  it('tells letters from signs and digits, whatever their case', () => {
    for (const letter of 'abcdefghijklmnopqrstuvwxyz')
      expect(classOf(letter.charCodeAt(0))).toBe(classOf(letter.toUpperCase().charCodeAt(0)));
    const letters = ofText('abcdefghijklmnopqrstuvwxyz');
    expect(letters.size).toBe(6);
    for (const other of ofText(' \n"\'-=,.0123456789:[]_{}é')) expect(letters.has(other)).toBe(false);
  });

  it('takes nothing else for a digit', () => {
    const digits = bytes.filter((byte) => (classOf(byte) & classOf(0x30)) !== 0);
    expect(String.fromCharCode(...digits)).toBe('0123456789');
  });
});

it('classesOf holds those of the bytes, and of what stands beyond the text', () => {
  const set = new Uint8Array(257);
  set[0x37] = 1;
  expect(classesOf(set)).toBe(classOf(0x37));
  set[OUTSIDE] = 1;
  expect(classesOf(set)).toBe(classOf(0x37) | classOf(0) | classOf(0x0a));
  expect(classesOf(undefined)).toBe(ALL_CLASSES);
});
