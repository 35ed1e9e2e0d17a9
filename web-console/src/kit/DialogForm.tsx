import type { FormEvent, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Button, type ButtonProps } from './Button';
import { Problem } from './states';

type DialogFormProps = Pick<ButtonProps, 'look' | 'disabledReason'> & {
  /** What sending the form does, and how that goes; a query's mutation. */
  sends: { error: unknown; isPending: boolean; mutate: () => void };
  /** What the button says. */
  action: string;
  onClose: () => void;
  children: ReactNode;
};

/** The form of a dialog: its fields, what the platform objects to, and the two ways out. */
export function DialogForm({ sends, action, onClose, children, look = 'primary', ...rest }: DialogFormProps) {
  const { t } = useTranslation();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (rest.disabledReason === undefined && !sends.isPending) sends.mutate();
  };
  return (
    <form className="stack" onSubmit={submit}>
      {children}
      {sends.error != null && <Problem error={sends.error} />}
      <div className="dialog-foot">
        <Button onClick={onClose}>{t('kit.cancel')}</Button>
        <Button look={look} type="submit" busy={sends.isPending} {...rest}>
          {action}
        </Button>
      </div>
    </form>
  );
}
