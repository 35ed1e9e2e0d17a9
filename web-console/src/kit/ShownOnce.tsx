import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from './Button';
import { Code } from './Copy';

/** A secret that no later answer has. It is in this page's memory alone, and gone with it. */
export function ShownOnce({
  label,
  secret,
  text,
  onDone,
}: {
  label: string;
  secret: string;
  text?: ReactNode;
  onDone: () => void;
}) {
  const { t } = useTranslation();
  return (
    <div className="stack">
      <div className="notice notice-warn" role="status">
        {t('kit.shownOnce.text')}
      </div>
      {text && <p>{text}</p>}
      <Code text={secret} label={label} />
      <div className="dialog-foot">
        <Button look="primary" onClick={onDone}>
          {t('kit.shownOnce.done')}
        </Button>
      </div>
    </div>
  );
}
