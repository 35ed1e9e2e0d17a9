import {
  type ButtonHTMLAttributes,
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useRef,
  useState,
} from 'react';

type MenuProps = {
  label: string;
  face: ReactNode;
  className?: string;
  children: (close: () => void) => ReactNode;
};

/** A button that opens a menu. Arrow keys move in it, Escape closes it. */
export function Menu({ label, face, className = 'button button-quiet', children }: MenuProps) {
  const [isOpen, setOpen] = useState(false);
  const ref = useRef<HTMLDivElement>(null);
  const items = () => [...(ref.current?.querySelectorAll<HTMLElement>('[role^="menuitem"]') ?? [])];
  useEffect(() => {
    if (!isOpen) return;
    ref.current?.querySelector<HTMLElement>('[role^="menuitem"]')?.focus();
    const away = (event: PointerEvent) => {
      if (!ref.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', away);
    return () => document.removeEventListener('pointerdown', away);
  }, [isOpen]);
  const close = () => {
    setOpen(false);
    ref.current?.querySelector('button')?.focus();
  };
  const keys = (event: KeyboardEvent) => {
    if (!isOpen) return;
    if (event.key === 'Escape') close();
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    event.preventDefault();
    const all = items();
    const step = event.key === 'ArrowDown' ? 1 : -1;
    const at = all.indexOf(document.activeElement as HTMLElement);
    all[(at + step + all.length) % all.length]?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only listens for keys of the button and the items inside
    <div className="menu" ref={ref} onKeyDown={keys}>
      <button
        type="button"
        className={className}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <span className="visually-hidden">{label}</span>
        {face}
      </button>
      {isOpen && (
        <div className="menu-list" role="menu" aria-label={label}>
          {children(close)}
        </div>
      )}
    </div>
  );
}

type ItemProps = ButtonHTMLAttributes<HTMLButtonElement> & { checked?: boolean };

export function MenuItem({ checked, children, ...rest }: ItemProps) {
  const kind =
    checked === undefined ? { role: 'menuitem' } : { role: 'menuitemradio', 'aria-checked': checked };
  return (
    <button type="button" tabIndex={-1} {...kind} {...rest}>
      <span>{children}</span>
      {checked && <span aria-hidden="true">✓</span>}
    </button>
  );
}
