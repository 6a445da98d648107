/** Records of DNS as they stand in a message (RFC 1035, section 4.1.3), for the name servers of tests. */

export function nameBytes(name: string): Buffer {
  const labels = name === '' ? [] : name.split('.');
  return Buffer.concat([
    ...labels.map((label) => Buffer.from([label.length, ...Buffer.from(label, 'latin1')])),
    Buffer.of(0),
  ]);
}

export function resource(name: string, type: number, ttl: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([nameBytes(name), fixed, data]);
}

export const addressRecord = (name: string, address: string, ttl = 60): Buffer =>
  resource(name, 1, ttl, Buffer.from(address.split('.').map(Number)));
export const aliasRecord = (name: string, target: string, ttl = 60): Buffer =>
  resource(name, 5, ttl, nameBytes(target));
/** Start of authority, whose last number says how long a negative answer holds. */
export const soaRecord = (name: string, minimum: number): Buffer => {
  const numbers = Buffer.alloc(20);
  numbers.writeUInt32BE(minimum, 16);
  return resource(name, 6, minimum, Buffer.concat([nameBytes('ns.example'), nameBytes('admin.example'), numbers]));
};
