import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '@/api/client';
import { sessionQuery, useSession } from '@/api/session';
import { Button, Card, PageHead, Problem, Time } from '@/kit';
import { NewPassword } from '../signIn/NewPassword';
import { SecondFactor } from './SecondFactor';

/** What is one's own: password, second factor, sessions. */
export function Account() {
  const { t } = useTranslation();
  const session = useSession();
  const [isChanged, setChanged] = useState(false);
  return (
    <>
      <PageHead title={t('account.title')} />
      <div className="account">
        <Card title={t('account.profile')}>
          <dl className="facts">
            <dt>{t('account.email')}</dt>
            <dd>{session.name}</dd>
            {session.tenant && session.role && (
              <>
                <dt>{t('account.role', { tenant: session.tenant })}</dt>
                <dd>{t(`kit.role.${session.role}`)}</dd>
              </>
            )}
            {session.expireTime && (
              <>
                <dt>{t('account.sessionEnds')}</dt>
                <dd>
                  <Time value={session.expireTime} />
                </dd>
              </>
            )}
          </dl>
        </Card>
        <SecondFactor isOn={session.secondFactor} />
        <Card title={t('account.password.title')}>
          <div className="stack">
            <NewPassword
              words={{
                current: t('account.password.current'),
                next: t('account.password.next'),
                submit: t('account.password.submit'),
              }}
              onDone={() => setChanged(true)}
            />
            {isChanged && (
              <p className="notice notice-ok" role="status">
                {t('account.password.done')}
              </p>
            )}
          </div>
        </Card>
        <Everywhere />
      </div>
    </>
  );
}

function Everywhere() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const end = useMutation({
    mutationFn: () => call(api.POST('/v1/session:signOutEverywhere')),
    onSuccess: () => {
      queries.clear();
      queries.setQueryData(sessionQuery.queryKey, null);
      navigate({ to: '/sign-in' });
    },
  });
  return (
    <Card title={t('account.everywhere.title')}>
      <div className="stack">
        <p className="muted">{t('account.everywhere.text')}</p>
        {end.error && <Problem error={end.error} />}
        <div>
          <Button look="danger" busy={end.isPending} onClick={() => end.mutate()}>
            {t('account.everywhere.submit')}
          </Button>
        </div>
      </div>
    </Card>
  );
}
