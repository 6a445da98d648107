import { describe, expect, it } from 'vitest';
import { RiskSignals } from './risk.ts';

const PLAIN = 'export default async (input) => input;';

function known() {
  const clock = { at: 0, monotonic: () => clock.at };
  const risk = new RiskSignals(clock);
  for (let i = 0; i < 10; i += 1) risk.assess('acme', 0, PLAIN);
  return { risk, clock };
}

describe('signals', () => {
  it('a tenant is new for its first tasks, and plain code adds nothing', () => {
    const risk = new RiskSignals({ monotonic: () => 0 });
    expect(risk.assess('acme', 7, PLAIN)).toEqual({ score: 12, signals: ['new_tenant'] });
    expect(known().risk.assess('acme', 7, PLAIN)).toEqual({ score: 7, signals: [] });
  });

  it.each([
    ['code_obfuscated', `const s = '${'\\x41'.repeat(50)}';`],
    ['code_obfuscated', `String.fromCharCode(${'65, '.repeat(30)}66)`],
    ['code_obfuscated', 'var _0x1a2b = 1; _0x3c4d(_0x1a2b);'],
    ['code_hides_host', "await fetch(atob('aHR0cHM6Ly9ldmls'));"],
  ])('%s', (signal, code) => {
    expect(known().risk.assess('acme', 0, code).signals).toEqual([signal]);
  });

  it('what a tenant did lately counts until it is long ago, for that tenant only', () => {
    const { risk, clock } = known();
    for (let i = 0; i < 10; i += 1) risk.note('acme', 'denial');
    for (let i = 0; i < 5; i += 1) risk.note('acme', 'finding');
    expect(risk.assess('acme', 0, PLAIN)).toEqual({ score: 20, signals: ['recent_denials', 'recent_findings'] });
    expect(risk.assess('other', 0, PLAIN).signals).toEqual(['new_tenant']);
    clock.at = 600_001;
    expect(risk.assess('acme', 0, PLAIN).signals).toEqual([]);
  });

  it('T-60 looks at hostile code in time that grows with its length only', () => {
    const { risk } = known();
    const hostile = ['fetch([', 'fetch(   ', "'AAAA", '_0xabcd ', 'fromCharCode(1 ', '\\x41\\x4'];
    for (const piece of hostile) {
      expect(risk.assess('acme', 0, piece.repeat(1_000_000 / piece.length)).score).toBeLessThanOrEqual(30);
    }
  });

  it('adds thirty at most, and never passes a hundred', () => {
    const { risk } = known();
    for (const event of ['denial', 'finding', 'forced_end'] as const) {
      for (let i = 0; i < 20; i += 1) risk.note('acme', event);
    }
    const hidden = `fetch(atob('x')); var _0x1a2b, _0x3c4d;`;
    expect(risk.assess('acme', 0, hidden).score).toBe(30);
    expect(risk.assess('acme', 95, hidden).score).toBe(100);
  });
});
