/** Names, ports and canned bytes that origin, generator and every proxy under test share. */

/** Relayed without being read. */
export const TUNNEL_HOST = 'tunnel.bench.test';
/** Plain HTTP, and inspected TLS: `host(0)` … `host(HOSTS - 1)`. */
export const host = (n: number): string => `h${n}.bench.test`;
export const HOSTS = 2_000;

export const PORTS = { raw: 18_443, http: 18_080, tls: 18_444 } as const;

/** What one exchange of a small request carries: 1 KB of JSON as an API would answer. */
export const BODY = JSON.stringify({
  items: ['pump', 'valve', 'gauge', 'filter', 'hose', 'clamp'].map((name, n) => ({
    id: 4100 + n,
    name: `${name} for line ${n + 1}`,
    state: n % 2 === 0 ? 'in stock' : 'ordered',
    price: { amount: 12.5 + n, currency: 'EUR' },
    updated: `2026-11-0${n + 1}T08:30:00Z`,
    note: 'Delivered to the workshop in the yard.',
  })),
  next: '/v1/items?after=4105',
});

/** Commands to the raw origin, sent behind the ClientHello. */
export const HOLD = 0x48;
export const PING = 0x50;
export const BULK = 0x42;

/** Bytes of one ping and of its answer. */
export const PING_BYTES = 64;
export const PONG_BYTES = 512;

/** A ClientHello that names `name`: what a tunnel must begin with. No key share: nobody answers it in TLS. */
export function clientHello(name: string): Buffer {
  const sni = Buffer.from(name, 'ascii');
  const u16 = (n: number): Buffer => Buffer.from([n >> 8, n & 0xff]);
  const entry = Buffer.concat([Buffer.from([0]), u16(sni.length), sni]);
  const list = Buffer.concat([u16(entry.length), entry]);
  const extension = Buffer.concat([u16(0), u16(list.length), list]);
  const versions = Buffer.concat([u16(43), u16(3), Buffer.from([2, 3, 4])]);
  const extensions = Buffer.concat([extension, versions]);
  const body = Buffer.concat([
    u16(0x0303),
    Buffer.alloc(32, 7),
    Buffer.from([0]),
    u16(2),
    u16(0x1301),
    Buffer.from([1, 0]),
    u16(extensions.length),
    extensions,
  ]);
  const handshake = Buffer.concat([Buffer.from([1, 0]), u16(body.length), body]);
  return Buffer.concat([Buffer.from([22, 3, 1]), u16(handshake.length), handshake]);
}
