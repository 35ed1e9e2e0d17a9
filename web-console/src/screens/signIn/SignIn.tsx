import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '@/api/client';
import { ApiError } from '@/api/problem';
import { type Session, sessionQuery } from '@/api/session';
import { Button, Field, Input, Problem } from '@/kit';
import { Gate } from './Gate';
import { keepOneTime } from './oneTime';

const route = getRouteApi('/sign-in');

/** A path of this console and nothing else: what stands in an address must not lead away. */
const ownPath = (path: string | undefined) =>
  path?.startsWith('/') && !/^\/[/\\]/.test(path) && !path.startsWith('/sign-in') ? path : '/overview';

/** Reasons for which a provider's people are sent back; the API's codes. */
const REFUSALS = ['sign_in_not_admitted', 'sign_in_failed', 'sign_in_unavailable'] as const;
const isKnown = (code: string): code is (typeof REFUSALS)[number] =>
  (REFUSALS as readonly string[]).includes(code);

/** Where a person comes in: by password, with a code where there is a second factor, or at an OpenID provider. */
export function SignIn() {
  const { t } = useTranslation();
  const { returnTo, refused } = route.useSearch();
  const router = useRouter();
  const queries = useQueryClient();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState<string>();
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const { data: ways } = useQuery({ queryKey: ['sign-in'], queryFn: () => call(api.GET('/v1/sign-in')) });

  const enter = async (session: Session) => {
    queries.clear();
    queries.setQueryData(sessionQuery.queryKey, session);
    await queries.fetchQuery({ ...sessionQuery, staleTime: 0 });
    if (session.mustChangePassword) keepOneTime(password);
    router.history.push(session.mustChangePassword ? '/first-password' : ownPath(returnTo));
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await enter(await call(api.POST('/v1/session', { body: { email, password, ...(code && { code }) } })));
    } catch (caught) {
      if (caught instanceof ApiError && caught.code === 'second_factor_required') setCode('');
      else setError(caught);
    }
    setBusy(false);
  };

  return (
    <Gate title={t('signIn.title')}>
      <form className="stack" onSubmit={submit}>
        {code === undefined ? (
          <>
            <Field label={t('signIn.email')}>
              <Input
                type="email"
                autoComplete="username"
                autoFocus
                required
                value={email}
                onChange={(event) => setEmail(event.target.value)}
              />
            </Field>
            <Field label={t('signIn.password')}>
              <Input
                type="password"
                autoComplete="current-password"
                required
                value={password}
                onChange={(event) => setPassword(event.target.value)}
              />
            </Field>
          </>
        ) : (
          <Field label={t('signIn.code')} hint={t('signIn.codeHint')}>
            <Input
              autoFocus
              autoComplete="one-time-code"
              required
              value={code}
              onChange={(event) => setCode(event.target.value)}
            />
          </Field>
        )}
        {error === undefined && refused && (
          <div className="notice notice-bad" role="alert">
            {isKnown(refused) ? t(`signIn.refused.${refused}`) : t('signIn.refused.other', { code: refused })}
          </div>
        )}
        {error !== undefined && <Problem error={error} />}
        <Button look="primary" type="submit" busy={isBusy}>
          {code === undefined ? t('signIn.submit') : t('signIn.confirm')}
        </Button>
        {code !== undefined && (
          <Button look="quiet" onClick={() => setCode(undefined)}>
            {t('signIn.other')}
          </Button>
        )}
      </form>
      {ways?.oidc && code === undefined && (
        <>
          <div className="gate-or">{t('signIn.or')}</div>
          <a className="button" href={`${ways.oidc.url}?returnTo=${encodeURIComponent(ownPath(returnTo))}`}>
            {t('signIn.oidc', { name: ways.oidc.name })}
          </a>
        </>
      )}
    </Gate>
  );
}
