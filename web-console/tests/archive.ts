/** Makes the archives that contracts are packaged in. */
import { gzipSync } from 'node:zlib';

export type Entry = { name: string; content: Uint8Array | string; type?: string };

/** A tar.gz of files in the order in which they are given. */
export function tarGz(entries: Entry[]): Buffer<ArrayBuffer> {
  const blocks = entries.flatMap(({ name, content, type = '0' }) => {
    const body = Buffer.from(content);
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write('0000644\0', 100);
    header.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('00000000000\0', 136);
    header.write(type, 156);
    header.write('ustar\0' + '00', 257);
    // The checksum is taken as if its own field were blank.
    header.write(' '.repeat(8), 148);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)])) as Buffer<ArrayBuffer>;
}

/** A chaincode-as-a-service package. */
export const packageOf = (label: string, connection: object, type = 'ccaas') =>
  tarGz([
    { name: 'metadata.json', content: JSON.stringify({ path: '', type, label }) },
    {
      name: 'code.tar.gz',
      content: tarGz([{ name: 'connection.json', content: JSON.stringify(connection) }]),
    },
  ]);
