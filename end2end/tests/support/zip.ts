// Makes zip archives of stored files, so that tests can make packages that are wrong in one way.

import { Buffer } from "node:buffer";

const TABLE = Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});

function crc32(data: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** The fields that the header of a file and its line in the directory share. */
function shared(data: Buffer, name: Buffer): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(0x21, 8);
  fields.writeUInt32LE(crc32(data), 10);
  fields.writeUInt32LE(data.length, 14);
  fields.writeUInt32LE(data.length, 18);
  fields.writeUInt16LE(name.length, 22);
  return fields;
}

function signature(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(number);
  return bytes;
}

/** An archive of files by name. */
export function zip(files: Record<string, string>): Buffer {
  const heads: Buffer[] = [];
  const lines: Buffer[] = [];
  let offset = 0;
  for (const [text, content] of Object.entries(files)) {
    const [name, data] = [Buffer.from(text), Buffer.from(content)];
    const fields = shared(data, name);
    const head = Buffer.concat([signature(0x04034b50), fields, name, data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(0o100644 * 0x10000, 6);
    tail.writeUInt32LE(offset, 10);
    lines.push(Buffer.concat([signature(0x02014b50), Buffer.from([20, 3]), fields, tail, name]));
    heads.push(head);
    offset += head.length;
  }
  const directory = Buffer.concat(lines);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(lines.length, 4);
  end.writeUInt16LE(lines.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...heads, directory, signature(0x06054b50), end]);
}
