import { type InputHTMLAttributes, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Input } from './Field';

/** A new password: hidden, until whoever types it wants to see that it is right. */
export function PasswordInput(props: Omit<InputHTMLAttributes<HTMLInputElement>, 'type'>) {
  const { t } = useTranslation();
  const [isShown, setShown] = useState(false);
  return (
    <div className="password">
      <Input {...props} type={isShown ? 'text' : 'password'} spellCheck={false} autoCapitalize="none" />
      <button type="button" aria-pressed={isShown} onClick={() => setShown(!isShown)}>
        {t('kit.showPassword')}
      </button>
    </div>
  );
}
