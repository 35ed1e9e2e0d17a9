import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { Button, Field, Input, Problem } from '@/kit';

type Words = { current: string; next: string; submit: string };

/** The password until now, and the one from now on, twice. */
export function NewPassword({ words, onDone }: { words: Words; onDone: () => void }) {
  const { t } = useTranslation();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const differs = again !== '' && again !== next;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (next !== again) return;
    setBusy(true);
    setError(undefined);
    try {
      await call(api.POST('/v1/session:changePassword', { body: { current, new: next } }));
      setCurrent('');
      setNext('');
      setAgain('');
      onDone();
    } catch (caught) {
      setError(caught);
    }
    setBusy(false);
  };
  const field = fieldErrors(error);
  const isElsewhere = error !== undefined && !field('/current') && !field('/new');
  return (
    <form className="stack" onSubmit={submit}>
      <Field label={words.current} error={field('/current')}>
        <Input
          type="password"
          autoComplete="current-password"
          required
          value={current}
          onChange={(event) => setCurrent(event.target.value)}
        />
      </Field>
      <Field label={words.next} hint={t('signIn.first.nextHint')} error={field('/new')}>
        <Input
          type="password"
          autoComplete="new-password"
          required
          value={next}
          onChange={(event) => setNext(event.target.value)}
        />
      </Field>
      <Field label={t('signIn.first.again')} error={differs ? t('signIn.first.differs') : undefined}>
        <Input
          type="password"
          autoComplete="new-password"
          required
          value={again}
          onChange={(event) => setAgain(event.target.value)}
        />
      </Field>
      {isElsewhere && <Problem error={error} />}
      <Button look="primary" type="submit" busy={isBusy}>
        {words.submit}
      </Button>
    </form>
  );
}
