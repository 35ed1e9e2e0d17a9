/** A contract's package as people choose it: checked as the peers will check it, and what is in it. */
import { digest } from '../organizations/digest';
import { ArchiveError, unpack } from './archive';

/** The API takes no larger one: a package of a service holds an address, not code. */
export const MOST_BYTES = 1 << 20;
const METADATA = 'metadata.json';
const CODE = 'code.tar.gz';
const CONNECTION = 'connection.json';

export type Package = {
  label: string;
  /** As peers call it: the label, and the digest of the file. */
  id: string;
  bytes: number;
  /** Names and sizes of what is in it; what is in its code stands behind the name of that. */
  files: { name: string; bytes: number }[];
  connection: { address: string; timeout: string | undefined; isTls: boolean; isMutual: boolean };
};

export type Wrong =
  | 'large'
  | 'gzip'
  | 'tar'
  | 'unpacked'
  | 'irregular'
  | 'noMetadata'
  | 'badMetadata'
  | 'label'
  | 'type'
  | 'noCode'
  | 'badCode'
  | 'noConnection'
  | 'badConnection'
  | 'address';

/** Why a file cannot be deployed, and what of it is meant. */
export class WrongPackage extends Error {
  readonly reason: Wrong;
  readonly about: string;
  constructor(reason: Wrong, about = '') {
    super(`${reason} ${about}`);
    this.reason = reason;
    this.about = about;
  }
}

/** Reads a package and checks what peers check when it is installed. Keys that it holds are not looked at. */
export async function readPackage(file: Blob): Promise<Package> {
  if (file.size > MOST_BYTES) throw new WrongPackage('large');
  const outer = await opened(file);
  const metadata = objectOf(outer.get(METADATA), 'noMetadata', 'badMetadata', [...outer.keys()]);
  const label = String(metadata.label ?? '');
  if (!/^[A-Za-z0-9][A-Za-z0-9_.+-]*$/.test(label)) throw new WrongPackage('label', label);
  const type = String(metadata.type ?? '');
  if (type.toLowerCase() !== 'ccaas') throw new WrongPackage('type', type);
  const code = outer.get(CODE);
  if (!code) throw new WrongPackage('noCode', [...outer.keys()].join(', '));
  const inner = await opened(new Blob([code])).catch(() => {
    throw new WrongPackage('badCode');
  });
  const connection = objectOf(inner.get(CONNECTION), 'noConnection', 'badConnection', [...inner.keys()]);
  const address = connection.address;
  if (typeof address !== 'string' || address === '') throw new WrongPackage('address');
  const sizes = (files: Map<string, Uint8Array>, before = '') =>
    [...files].map(([name, { length }]) => ({ name: before + name, bytes: length }));
  return {
    label,
    id: `${label}:${(await digest(file)).replace('sha256:', '')}`,
    bytes: file.size,
    files: [...sizes(outer), ...sizes(inner, `${CODE} › `)],
    connection: {
      address,
      timeout: typeof connection.dial_timeout === 'string' ? connection.dial_timeout : undefined,
      isTls: connection.tls_required === true,
      isMutual: connection.tls_required === true && connection.client_auth_required === true,
    },
  };
}

async function opened(file: Blob) {
  try {
    return await unpack(new Uint8Array(await file.arrayBuffer()));
  } catch (error) {
    throw error instanceof ArchiveError ? new WrongPackage(error.reason, error.message) : error;
  }
}

function objectOf(file: Uint8Array | undefined, absent: Wrong, bad: Wrong, names: string[]) {
  if (!file) throw new WrongPackage(absent, names.join(', '));
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(file));
  } catch (error) {
    throw new WrongPackage(bad, error instanceof Error ? error.message : '');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new WrongPackage(bad);
  return value as Record<string, unknown>;
}

export async function base64Of(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

/** The file of which a definition holds the bytes. */
export const fileOf = (base64: string) =>
  new Blob([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))]);
