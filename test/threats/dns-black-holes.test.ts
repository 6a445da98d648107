/** Name servers that lose, mangle, invent and delay, over real UDP and TCP: what is believed is what was asked and answered. */

import { afterEach, describe, expect, it } from 'vitest';
import { parseHost } from '../../src/core/host.ts';
import { dnsSource } from '../../src/proxy/dial/dns-source.ts';
import { HostsFile } from '../../src/proxy/dial/hosts-file.ts';
import { createResolver } from '../../src/proxy/dial/resolver.ts';
import { type BlackHole, blackHoleDns, type Query, type Reply, reply } from '../proxy/black-hole-dns.ts';
import { addressRecord, aliasRecord, nameBytes, resource, soaRecord } from '../proxy/dns-records.ts';

const NAME = 'x.lab.test';
const [GOOD, FORGED] = ['198.41.0.4', '10.1.2.3'];
const [FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED] = [1, 2, 3, 4, 5];
const CHAOS = 3;
const NS = 2;
const found = { addresses: [GOOD], cnames: [], ttlMs: 60_000 };

const open: BlackHole[] = [];
afterEach(() => {
  for (const hole of open.splice(0)) hole.close();
});

type Script = (query: Query) => Reply;

async function holes(...scripts: readonly Script[]): Promise<BlackHole[]> {
  const made = await Promise.all(scripts.map((script) => blackHoleDns(script)));
  open.push(...made);
  return made;
}

async function asked(scripts: readonly Script[], { name = NAME, timeoutMs = 4_000 } = {}) {
  const servers = (await holes(...scripts)).map(({ address }) => address);
  return dnsSource({ servers, timeoutMs })(name);
}

/** The right answer: an address, and neither IPv6 nor aliases. */
function right(query: Query, ttl = 60): Buffer {
  return query.type === 'A' ? reply(query, { answers: [addressRecord(NAME, GOOD, ttl)] }) : reply(query);
}

const onlyFirst =
  (mishap: Script): Script =>
  (query) =>
    query.times === 1 ? mishap(query) : [right(query)];
const onlyA =
  (message: Parameters<typeof reply>[1]): Script =>
  (query) => [query.type === 'A' ? reply(query, message) : reply(query)];

describe('an answer', () => {
  it.each<[string, Script]>([
    ['of which the first packets are lost, is asked for again', onlyFirst(() => [])],
    ['that is no message, is asked for again', onlyFirst(() => [Buffer.from('garbage')])],
    ['that breaks off within the question, is asked for again', onlyFirst((query) => [right(query).subarray(0, 20)])],
    [
      'that was cut short, is asked for over TCP, and what came is not believed',
      (query) =>
        query.over === 'udp'
          ? [reply(query, { tc: true, answers: query.type === 'A' ? [addressRecord(NAME, FORGED)] : [] })]
          : [right(query)],
    ],
    [
      'behind one of another id, is the one that counts',
      (query) => [reply(query, { id: query.id ^ 1, answers: [addressRecord(NAME, FORGED)] }), right(query)],
    ],
    [
      'behind one to another question, is the one that counts',
      (query) => [
        reply(query, {
          question: Buffer.concat([nameBytes('y.lab.test'), query.question.subarray(-4)]),
          answers: [addressRecord('y.lab.test', FORGED)],
        }),
        right(query),
      ],
    ],
    [
      'with more addresses in its other sections, has those of its own',
      onlyA({
        answers: [addressRecord(NAME, GOOD)],
        authority: [addressRecord(NAME, FORGED)],
        additional: [addressRecord(NAME, FORGED), addressRecord('y.lab.test', FORGED)],
      }),
    ],
    [
      'with a record of another class, has those of the internet',
      (query) => {
        const chaos = addressRecord(NAME, FORGED);
        chaos.writeUInt16BE(CHAOS, nameBytes(NAME).length + 2);
        return onlyA({ answers: [chaos, addressRecord(NAME, GOOD)] })(query);
      },
    ],
  ])('%s', async (_, script) => {
    expect(await asked([script])).toEqual(found);
  });

  it.each<[string, Script, string]>([
    ['has another id', (query) => [reply(query, { id: query.id ^ 1 })], 'resolve_timeout'],
    ['comes too late', (query) => [{ message: right(query), afterMs: 2_000 }], 'resolve_timeout'],
    [
      'was cut short, where nothing answers over TCP',
      (query) => (query.over === 'udp' ? [reply(query, { tc: true })] : []),
      'resolve_timeout',
    ],
    [
      'has a question that points to itself',
      (query) => {
        const message = right(query);
        message.writeUInt16BE(0xc00c, 12);
        return [message];
      },
      'resolve_failed',
    ],
    [
      'answers to an alias with what is no name',
      (query) => [
        query.type === 'CNAME' ? reply(query, { answers: [aliasRecord(NAME, 'paste bin\0.com')] }) : right(query),
      ],
      'resolve_failed',
    ],
  ])('that %s is none', async (_, script, reason) => {
    await expect(asked([script], { timeoutMs: 1_000 })).rejects.toMatchObject({ reason });
  });

  it.each<[string, Script]>([
    ['does not exist', (query) => [reply(query, { rcode: NXDOMAIN, authority: [soaRecord('lab.test', 86_400)] })]],
    ['has nothing of what is asked', (query) => [reply(query, { authority: [soaRecord('lab.test', 86_400)] })]],
    [
      'is for others to answer',
      (query) => [reply(query, { authority: [resource('test', NS, 60, nameBytes('ns.test'))] })],
    ],
  ])('says that the name %s: no address, which is no failure of the server', async (_, script) => {
    expect(await asked([script])).toEqual({ addresses: [], cnames: [], ttlMs: 0 });
  });

  it('of two thousand addresses and an alias, over TCP, has them all', async () => {
    const many = Array.from({ length: 2_000 }, (_, i) => `198.41.${i >> 8}.${i & 255}`);
    const answer = await asked([
      (query) => {
        if (query.over === 'udp' && query.type === 'A') return [reply(query, { tc: true })];
        if (query.type === 'A') return [reply(query, { answers: many.map((one) => addressRecord(NAME, one)) })];
        return [reply(query, { answers: query.name === NAME ? [aliasRecord(NAME, 'Paste.Example')] : [] })];
      },
    ]);
    expect(answer.addresses).toEqual(many);
    expect(answer.cnames).toEqual(['paste.example']);
  });
});

describe('a server that', () => {
  const bad =
    (rcode: number): Script =>
    (query) => [reply(query, { rcode })];

  it.each([
    ['fails', SERVFAIL],
    ['refuses', REFUSED],
    ['knows nothing', NOTIMP],
    ['does not understand', FORMERR],
  ])('%s is not the last to be asked', async (_, rcode) => {
    expect(await asked([bad(rcode), bad(rcode), (query) => [right(query)]])).toEqual(found);
  });

  it('keeps silent is not the last to be asked either', async () => {
    expect(await asked([() => [], (query) => [right(query)]])).toEqual(found);
  });

  it('T-42 hides the aliases is asked no more about them than the next', async () => {
    const hiding: Script = (query) => [query.type === 'CNAME' ? reply(query, { rcode: SERVFAIL }) : right(query)];
    const telling: Script = (query) =>
      query.type === 'CNAME' && query.name === NAME
        ? [reply(query, { answers: [aliasRecord(NAME, 'paste.example')] })]
        : [right(query)];
    expect(await asked([hiding, telling])).toEqual({ ...found, cnames: ['paste.example'] });
  });

  it('says that a name does not exist is believed, whatever others would say', async () => {
    const [none, other] = await holes(
      (query) => [reply(query, { rcode: NXDOMAIN })],
      (query) => [right(query)],
    );
    const source = dnsSource({ servers: [none?.address ?? '', other?.address ?? ''], timeoutMs: 1_000 });
    expect(await source(NAME)).toEqual({ addresses: [], cnames: [], ttlMs: 0 });
    expect(other?.queries).toEqual([]);
  });

  it('fails as all others do is a failure, once each was asked', async () => {
    const made = await holes(bad(SERVFAIL), bad(REFUSED));
    const source = dnsSource({ servers: made.map(({ address }) => address), timeoutMs: 1_000 });
    await expect(source(NAME)).rejects.toMatchObject({ reason: 'resolve_failed' });
    for (const { queries } of made) expect(queries.map(({ type }) => type).sort()).toEqual(['A', 'AAAA', 'CNAME']);
  });
});

it('T-14 what is asked for is the name in its A-labels, once, without search domains', async () => {
  const host = parseHost('BÜCHER.Lab.Test.');
  if (!host.ok) throw new Error('no host');
  const [hole] = await holes((query) => [reply(query, { rcode: NXDOMAIN })]);
  await dnsSource({ servers: [hole?.address ?? ''], timeoutMs: 1_000 })(host.value.name);
  expect(hole?.queries.map(({ spelt }) => spelt)).toEqual(Array(3).fill('xn--bcher-kva.lab.test'));
});

describe('an answer is believed', () => {
  it.each([
    ['for a second where it says not at all', 0, 1_000],
    ['for as long as it says', 60, 60_000],
    // RFC 8767 section 4: large, and capped.
    ['for an hour where it says longer than there are numbers for', 2 ** 31, 3_600_000],
    ['for an hour where it says for ever', 2 ** 32 - 1, 3_600_000],
  ])('%s', async (_, ttl, believedMs) => {
    const [hole] = await holes((query) => [right(query, ttl)]);
    const source = dnsSource({ servers: [hole?.address ?? ''], timeoutMs: 1_000 });
    let now = 0;
    const resolver = createResolver(new HostsFile('/etc/hosts'), source, { now: () => 0, monotonic: () => now });
    const asked = async (at: number) => {
      now = at;
      expect(await resolver.resolve(NAME)).toEqual({ addresses: [GOOD], cnames: [] });
      return hole?.queries.filter(({ type }) => type === 'A').length;
    };
    expect([await asked(0), await asked(believedMs - 1), await asked(believedMs)]).toEqual([1, 1, 2]);
  });
});
