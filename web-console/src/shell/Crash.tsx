import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Empty, Failure } from '@/kit/states';

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

/** A screen that could not be drawn. */
export function Crash({ error, reset }: { error: unknown; reset: () => void }) {
  return <Failure error={error} onRetry={reset} isPage />;
}
