/** Whether this browser computes digests here: it does so over TLS, and on this machine. */
export const canDigest = () => globalThis.crypto?.subtle !== undefined;

/** The SHA-256 of a file, as the API takes it. The file is read here and goes nowhere. */
export async function digest(file: Blob): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
  const digits = Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0'));
  return `sha256:${digits.join('')}`;
}
