import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { sessionQuery } from '@/api/session';
import { Gate } from './Gate';
import { NewPassword } from './NewPassword';
import { forgetOneTime, oneTime } from './oneTime';

/** The first step of whoever came in with a one-time password. */
export function FirstPassword() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  useEffect(() => forgetOneTime, []);
  const done = async () => {
    await queries.fetchQuery({ ...sessionQuery, staleTime: 0 });
    navigate({ to: '/overview' });
  };
  return (
    <Gate title={t('signIn.first.title')} text={t('signIn.first.text')}>
      <NewPassword
        known={oneTime()}
        words={{
          current: t('signIn.first.current'),
          next: t('signIn.first.next'),
          submit: t('signIn.first.submit'),
        }}
        onDone={done}
      />
    </Gate>
  );
}
