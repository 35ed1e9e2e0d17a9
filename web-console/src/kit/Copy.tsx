import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

/** Copies a text to the clipboard, and says so. */
export function Copy({ text, label }: { text: string; label?: string }) {
  const { t } = useTranslation();
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const name = isCopied ? t('kit.copied') : (label ?? t('kit.copy'));
  return (
    <button
      type="button"
      className="copy"
      aria-label={name}
      title={name}
      onClick={() => navigator.clipboard.writeText(text).then(() => setCopied(true))}
    >
      <svg
        viewBox="0 0 16 16"
        width="14"
        height="14"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        aria-hidden="true"
      >
        {isCopied ? <path d="m3 8.5 3.5 3.5L13 4.5" /> : <path d="M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z" />}
      </svg>
    </button>
  );
}

/** A hash or an id: its ends, whole on hover, to copy. */
export function Hash({ value, ends = 8 }: { value: string; ends?: number }) {
  const isLong = value.length > ends * 2 + 3;
  return (
    <span className="hash">
      <span title={value}>{isLong ? `${value.slice(0, ends)}…${value.slice(-ends)}` : value}</span>
      <Copy text={value} />
    </span>
  );
}

/** Text for a terminal or a file, to copy. */
export function Code({ text, label }: { text: string; label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <section className="code" tabIndex={0} aria-label={label}>
      <pre>{text}</pre>
      <Copy text={text} />
    </section>
  );
}
