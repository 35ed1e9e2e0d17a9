/** What is on a ledger, as text for people. */
import type { Bytes } from './ledger';

/**
 * The parts of a key. A composite key begins with U+0000 and ends each of its parts with one (Fabric's
 * `CreateCompositeKey`); every other key is one part.
 */
export function keyParts(key: string): string[] {
  if (!key.startsWith('\0') || !key.endsWith('\0') || key.length < 3) return [key];
  return key.slice(1, -1).split('\0');
}

/** Characters that have no picture, as their names in Unicode's block of control pictures. */
export const visible = (text: string) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  text.replace(/[\u0000-\u0008\u000b-\u001f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)));

/** Bytes as they read best: JSON with its structure, text as it is, anything else in base64. */
export function readable(bytes: Bytes): string {
  if ('base64' in bytes) return bytes.base64;
  try {
    const value: unknown = JSON.parse(bytes.text);
    // Only a structure is laid out: a number might be too large to be read back as it was written.
    if (typeof value === 'object' && value !== null) return JSON.stringify(value, null, 2);
  } catch {
    // It is not JSON, and need not be.
  }
  return visible(bytes.text);
}
