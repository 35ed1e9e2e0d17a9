import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schemas } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { sessionQuery } from '@/api/session';
import { Button, Field, Input, LinkButton, PasswordInput, Problem } from '@/kit';
import { Gate } from './Gate';

/** Somebody who was invited comes in: with an account made here, or with the one that they are signed in to. */
export function Invitation() {
  const { t } = useTranslation();
  const { data: session } = useQuery(sessionQuery);
  // In the fragment, which no server and no log ever sees.
  const [token, setToken] = useState(() => window.location.hash.slice(1));
  const [displayName, setDisplayName] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const [accepted, setAccepted] = useState<Schemas['Accepted']>();

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const body = session ? { token } : { token, email, displayName, password };
      setAccepted(await call(api.POST('/v1/invitations:accept', { body })));
    } catch (caught) {
      setError(caught);
    }
    setBusy(false);
  };
  const field = fieldErrors(error);

  if (accepted) {
    const role = t(`kit.role.${accepted.role}`);
    return (
      <Gate title={t('signIn.invitation.title')}>
        <p className="notice notice-ok">{t('signIn.invitation.done', { role, tenant: accepted.tenant })}</p>
        <LinkButton look="primary" to="/overview" reloadDocument>
          {t('signIn.invitation.go')}
        </LinkButton>
      </Gate>
    );
  }
  return (
    <Gate
      title={t('signIn.invitation.title')}
      text={
        session ? t('signIn.invitation.signedIn', { name: session.name ?? '' }) : t('signIn.invitation.text')
      }
    >
      <form className="stack" onSubmit={submit}>
        <Field
          label={t('signIn.invitation.token')}
          hint={t('signIn.invitation.tokenHint')}
          error={field('/token')}
        >
          <Input
            required
            className="input mono"
            value={token}
            onChange={(event) => setToken(event.target.value)}
          />
        </Field>
        {!session && (
          <>
            <Field label={t('signIn.email')} hint={t('signIn.invitation.emailHint')} error={field('/email')}>
              <Input
                type="email"
                autoComplete="username"
                required
                value={email}
                onChange={(event) => setEmail(event.target.value)}
              />
            </Field>
            <Field label={t('signIn.invitation.name')} error={field('/displayName')}>
              <Input
                autoComplete="name"
                required
                value={displayName}
                onChange={(event) => setDisplayName(event.target.value)}
              />
            </Field>
            <Field label={t('signIn.password')} hint={t('signIn.first.nextHint')} error={field('/password')}>
              <PasswordInput
                autoComplete="new-password"
                required
                value={password}
                onChange={(event) => setPassword(event.target.value)}
              />
            </Field>
          </>
        )}
        {error !== undefined && <Problem error={error} />}
        <Button look="primary" type="submit" busy={isBusy}>
          {t('signIn.invitation.submit')}
        </Button>
      </form>
    </Gate>
  );
}
