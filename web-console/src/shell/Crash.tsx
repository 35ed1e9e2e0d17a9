import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '@/api/client';
import { Button } from '@/kit/Button';
import { Empty, Failure } from '@/kit/states';
import { isMissing, readAnew } from '@/missing';

/** An address that leads nowhere. */
export function NotFound() {
  const { t } = useTranslation();
  return (
    <Empty title={t('shell.notFound.title')} text={t('shell.notFound.text')} isPage>
      <Link to="/overview" className="button">
        {t('shell.notFound.home')}
      </Link>
    </Empty>
  );
}

/** A screen whose program did not come: as soon as the platform answers, the page is read anew, and finds what there is now. */
function Missing() {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery({
    queryKey: ['missing'],
    queryFn: () => call(api.GET('/v1/sign-in')),
    refetchInterval: 2_000,
    retry: false,
    staleTime: 0,
  });
  const answers = data !== undefined && !error;
  useEffect(() => {
    if (answers) readAnew();
  }, [answers]);
  if (error) return <Failure error={error} onRetry={() => refetch()} isPage />;
  return (
    <Empty title={t('shell.missing.title')} text={t('shell.missing.text')} isPage>
      <Button look="primary" onClick={() => window.location.reload()}>
        {t('shell.missing.reload')}
      </Button>
    </Empty>
  );
}

/** A screen that could not be drawn. */
export function Crash({ error, reset }: { error: unknown; reset: () => void }) {
  if (isMissing(error)) return <Missing />;
  return <Failure error={error} onRetry={reset} isPage />;
}
