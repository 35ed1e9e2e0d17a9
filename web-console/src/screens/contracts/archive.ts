/** The tar.gz files of which a contract's package is made, read in the browser. */

/** More than a package of a service ever unpacks to; what grows beyond is not read on. */
const MOST_UNPACKED = 16 * 1024 * 1024;
const BLOCK = 512;
const text = new TextDecoder();

export class ArchiveError extends Error {
  readonly reason: 'gzip' | 'tar' | 'unpacked' | 'irregular';
  constructor(reason: ArchiveError['reason'], entry = '') {
    super(entry);
    this.reason = reason;
  }
}

/** The files of a tar.gz by name. Peers refuse what is not a regular file, so this does, too. */
export async function unpack(
  archive: Uint8Array<ArrayBuffer>,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const plain = await gunzip(archive);
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  let at = 0;
  while (at + BLOCK <= plain.length) {
    const header = plain.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) return files;
    if (field(header, 257, 5) !== 'ustar') throw new ArchiveError('tar');
    const size = Number.parseInt(field(header, 124, 12).trim() || '0', 8);
    const begin = at + BLOCK;
    if (!(size >= 0) || begin + size > plain.length) throw new ArchiveError('tar');
    const name = [field(header, 345, 155), field(header, 0, 100)].filter(Boolean).join('/');
    const type = field(header, 156, 1);
    // Attributes that some tools write before a file say nothing about what is in it.
    if (type !== 'x' && type !== 'g') {
      if (type !== '' && type !== '0') throw new ArchiveError('irregular', name);
      files.set(name, plain.slice(begin, begin + size));
    }
    at = begin + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

const field = (header: Uint8Array, from: number, length: number) =>
  text.decode(header.subarray(from, from + length)).split('\0')[0] ?? '';

async function gunzip(archive: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = new Blob([archive]).stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      if (size > MOST_UNPACKED) throw new ArchiveError('unpacked');
      parts.push(value);
    }
  } catch (error) {
    throw error instanceof ArchiveError ? error : new ArchiveError('gzip');
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
