import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { Button, Field, Input, PasswordInput, Problem } from '@/kit';

type NewPasswordProps = {
  words: { current: string; next: string; submit: string };
  /** The password until now, where it has just been typed. */
  known?: string | undefined;
  onDone: () => void;
};

/** The password until now, and the one from now on. It can be shown, so that nobody need type it twice. */
export function NewPassword({ words, known, onDone }: NewPasswordProps) {
  const { t } = useTranslation();
  const [current, setCurrent] = useState(known ?? '');
  const [next, setNext] = useState('');
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await call(api.POST('/v1/session:changePassword', { body: { current, new: next } }));
      setCurrent('');
      setNext('');
      onDone();
    } catch (caught) {
      setError(caught);
    }
    setBusy(false);
  };
  const field = fieldErrors(error);
  const isElsewhere = error !== undefined && !field('/current') && !field('/new');
  const isAsked = known === undefined || error !== undefined;
  return (
    <form className="stack" onSubmit={submit}>
      {isAsked && (
        <Field label={words.current} error={field('/current')}>
          <Input
            type="password"
            autoComplete="current-password"
            required
            value={current}
            onChange={(event) => setCurrent(event.target.value)}
          />
        </Field>
      )}
      <Field label={words.next} hint={t('signIn.first.nextHint')} error={field('/new')}>
        <PasswordInput
          autoComplete="new-password"
          autoFocus={!isAsked}
          required
          value={next}
          onChange={(event) => setNext(event.target.value)}
        />
      </Field>
      {isElsewhere && <Problem error={error} />}
      <Button look="primary" type="submit" busy={isBusy}>
        {words.submit}
      </Button>
    </form>
  );
}
