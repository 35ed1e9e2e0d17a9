import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';

/** From one tool of those who write programs to the next. */
export function DeveloperTabs() {
  const { t } = useTranslation();
  return (
    <nav className="tabs" aria-label={t('shell.nav.developers')}>
      <Link to="/developers" activeOptions={{ exact: true }}>
        {t('developers.title')}
      </Link>
      <Link to="/developers/webhooks">{t('webhooks.title')}</Link>
      <Link to="/developers/reference" activeOptions={{ includeSearch: false }}>
        {t('reference.title')}
      </Link>
    </nav>
  );
}
