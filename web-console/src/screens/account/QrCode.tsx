import { encodeQR } from 'qr';
import './qr.css';

/** Modules of white that ISO/IEC 18004 wants around a symbol. */
const QUIET = 4;

/** A text as a QR code, drawn here: the secret in it leaves this page only through a camera. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: QUIET });
  const dark = rows.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : [])));
  return (
    <svg className="qr" viewBox={`0 0 ${rows.length} ${rows.length}`} role="img" aria-label={label}>
      <path d={dark.join('')} />
    </svg>
  );
}
