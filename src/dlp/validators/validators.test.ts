import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTree } from '../../store/read-tree.ts';
import { VALIDATOR_NAMES, type ValidatorName, validatorOf } from './validator.ts';

const holds = (name: ValidatorName, text: string) => validatorOf(name)(Buffer.from(text, 'utf8'));

/** Numbers that their issuers, or the tests of others, publish as right. */
const RIGHT: readonly (readonly [ValidatorName, string])[] = [
  ['luhn', '4111111111111111'],
  ['mod97', 'GB82 WEST 1234 5698 7654 32'],
  ['verhoeff', '234123412346'],
  ['uk-nhs', '943 476 5919'],
  ['de-steuer-id', '36574261809'],
  ['nl-bsn', '111222333'],
  ['pl-pesel', '44051401359'],
  ['no-fodselsnummer', '15108695088'],
  ['ch-ahv', '7569217076985'],
  ['ro-cnp', '1630615123457'],
  ['bg-egn', '7523169263'],
  ['hr-oib', '33392005961'],
  ['us-aba', '111000025'],
  ['ca-sin', '123-456-782'],
  ['br-cpf', '390.533.447-05'],
  ['br-cnpj', '16.727.230/0001-97'],
  ['au-abn', '51 824 753 556'],
  ['au-acn', '004 085 616'],
  ['tr-tckn', '17291716060'],
  ['eu-vat', 'ATU13585627'],
  ['eu-vat', 'DE136695976'],
  ['eu-vat', 'BE0697449992'],
  ['ru-inn', '7707083893'],
  ['ru-snils', '112-233-445 95'],
  ['ex-yu-jmbg', '0101006500006'],
  ['de-kvnr', 'A123456780'],
  ['es-account', '1234-1234-16 1234567890'],
  ['ar-cbu', '2850590940090418135201'],
  ['jp-corporate', '5-8356-7825-6246'],
  ['kr-brn', '116-82-00276'],
  ['pe-ruc', '20512333797'],
  ['ec-cedula', '171430710-3'],
  ['vn-mst', '0100233488'],
  ['nz-nhi', 'ZZZ0016'],
  ['mx-clabe', '032180000118359719'],
  ['kz-iin', '900101300017'],
  ['lu-matricule', '1893120105732'],
  ['hu-taj', '111111110'],
];

describe('validators', () => {
  it.each(RIGHT)('%s takes %s, and no neighbour that differs in its last digit', (name, text) => {
    expect(holds(name, text)).toBe(true);
    const last = Number(text.at(-1));
    for (let other = 0; other < 10; other += 1) {
      if (other !== last) expect(holds(name, `${text.slice(0, -1)}${other}`)).toBe(false);
    }
  });

  it('hold the letters of an Ethereum address to its checksum', () => {
    expect(holds('eip55', '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed')).toBe(true);
    expect(holds('eip55', '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359')).toBe(true);
    expect(holds('eip55', '0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed')).toBe(false);
    expect(holds('eip55', '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed')).toBe(true);
  });

  it.each([
    ['2001:db8::1', true],
    ['fe80::1%eth0', true],
    ['10.0.0.0/8', true],
    ['2001::db8::1', false],
    ['256.0.0.1', false],
  ])('tell whether %s is an address', (text, expected) => {
    expect(holds('ip', text)).toBe(expected);
  });

  it.each<[ValidatorName, string, boolean]>([
    ['base58key', '5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ', true],
    ['base58key', '5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTK', false],
    ['base58address', 'TJRabPrwbZy45sbavfcjinPJC18kjpRTv8', true],
    ['base58address', 'TJRabPrwbZy45sbavfcjinPJC18kjpRTv9', false],
    ['ripple', 'rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh', true],
    ['ir-national-id', '0731258460', true],
    ['ir-national-id', '0731258461', false],
    ['ir-national-id', '1111111111', false],
    ['stellar', 'GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ', true],
    ['cashaddr', 'bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a', true],
    ['bip39', 'legal winner thank year wave sausage worth useful legal winner thank yellow', true],
    ['bip39', 'legal winner thank year wave sausage worth useful legal winner thank zoo', false],
    ['bip39', 'these are twelve words that nobody would ever take for a phrase', false],
    ['mrz-passport', 'L898902C36UTO7408122F1204159ZE184226B<<<<<10', true],
    ['mrz-passport', 'L898902C36UTO7408122F1204159ZE184226B<<<<<11', false],
  ])('%s on %s: %s', (name, text, expected) => {
    expect(holds(name, text)).toBe(expected);
  });

  it.each([
    ['bSVJOaXGbEYb', true],
    ['q7kzv3xw9d', true],
    ['Hdz.x9KtQ_4wZ', true],
    ['IBFOBM6RS5', true],
    ['Tq8!mLw2', true],
    ['defaultToConfig2', false],
    ['getElementsByClassName', false],
    ['this.form2.value', false],
    ['utf8mb4_general_ci', false],
    ['Zugangsverwaltung', false],
    ['xxxxxxxxxxxx', false],
    ['abcdefgh12345678', false],
    ['2024-11-30', false],
    ['Sommer2024', false],
    ['Kq8m', false],
  ])('tell whether %s was made at random', (text, expected) => {
    expect(holds('random-looking', text)).toBe(expected);
  });

  it.each(VALIDATOR_NAMES)('%s never throws, whatever the bytes', (name) => {
    const check = validatorOf(name);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => typeof check(Buffer.from(bytes)) === 'boolean'),
      { numRuns: 200 },
    );
  });

  it.each(['base58check', 'base58key', 'base58address', 'ripple', 'stellar'] as const)(
    '%s reads no number of what is far too long for it',
    (name) => expect(holds(name, '2'.repeat(400_000))).toBe(false),
  );

  it('are all used by the shipped rules', () => {
    const rules = readTree([new URL('../../../rules/dlp', import.meta.url).pathname], ['.yaml']);
    const said = rules.map((file) => file.text).join('\n');
    expect(
      VALIDATOR_NAMES.filter((name) => !new RegExp(`(validators|confirm): \\[[^\\n]*\\b${name}\\b`).test(said)),
    ).toEqual([]);
  });
});
