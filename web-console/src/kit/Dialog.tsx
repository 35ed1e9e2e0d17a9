import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { Trans, useTranslation } from 'react-i18next';
import { Button } from './Button';
import { Input } from './Field';
import { Problem } from './states';

type DialogProps = { title: ReactNode; onClose: () => void; kind?: 'dialog' | 'drawer'; children: ReactNode };

/** A modal dialog, or a drawer from the right. Render it while it is open; the browser keeps the focus inside. */
export function Dialog({ title, onClose, kind = 'dialog', children }: DialogProps) {
  const { t } = useTranslation();
  const id = useId();
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      // A dialog that is taken out of the page gives the focus to nobody; by then, what had it before may be gone, too.
      requestAnimationFrame(() => {
        if (before instanceof HTMLElement && document.activeElement === document.body) before.focus();
      });
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a dialog by itself
    <dialog
      ref={ref}
      className={kind}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === ref.current && kind === 'drawer') onClose();
      }}
    >
      <div className="dialog-head">
        <h2 id={id}>{title}</h2>
        <Button look="quiet" size="small" onClick={onClose}>
          {t('kit.close')}
        </Button>
      </div>
      {children}
    </dialog>
  );
}

type DangerProps = {
  title: string;
  /** What must be typed. */
  name: string;
  /** What happens, one line each. */
  effects: ReactNode[];
  /** What the button says. */
  action: string;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
};

/** Asks for the name of what is to be lost, and says what will be lost. */
export function DangerDialog({ title, name, effects, action, onConfirm, onClose }: DangerProps) {
  const { t } = useTranslation();
  const id = useId();
  const [typed, setTyped] = useState('');
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const confirm = async (event: FormEvent) => {
    event.preventDefault();
    if (typed !== name) return;
    setBusy(true);
    try {
      await onConfirm();
      onClose();
    } catch (caught) {
      setError(caught);
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={confirm} className="stack">
        <div className="stack-s">
          <h3>{t('kit.danger.effects')}</h3>
          <ul className="effects">
            {effects.map((effect, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes while it is shown
              <li key={index}>{effect}</li>
            ))}
          </ul>
        </div>
        <div className="field">
          <label htmlFor={id}>
            <Trans i18nKey="kit.danger.type" values={{ name }} components={{ b: <strong /> }} />
          </label>
          <Input id={id} value={typed} onChange={(event) => setTyped(event.target.value)} />
        </div>
        {error !== undefined && <Problem error={error} />}
        <div className="dialog-foot">
          <Button onClick={onClose}>{t('kit.cancel')}</Button>
          <Button
            look="danger"
            type="submit"
            busy={isBusy}
            {...(typed !== name && { disabledReason: t('kit.required') })}
          >
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
