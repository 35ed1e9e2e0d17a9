/**
 * The SHA-256 of a file, as the API takes it. The file is read here and goes nowhere. Browsers compute digests themselves over TLS
 * and on this machine only; elsewhere the page does, with a program that is loaded for that.
 */
export async function digest(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const hash = crypto.subtle
    ? new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
    : (await import('@noble/hashes/sha2.js')).sha256(bytes);
  const digits = Array.from(hash, (byte) => byte.toString(16).padStart(2, '0'));
  return `sha256:${digits.join('')}`;
}
