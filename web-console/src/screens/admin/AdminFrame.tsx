import { Link, Outlet } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useSession } from '@/api/session';
import { Empty, PageHead } from '@/kit';
import './admin.css';

/** The frame of everything about the whole installation. */
export function AdminFrame() {
  const { t } = useTranslation();
  const { platformOperator } = useSession();
  const tabs = [
    ['/admin/health', t('admin.health.title')],
    ['/admin/security', t('admin.security.title')],
    ['/admin/tenants', t('admin.tenants.title')],
    ['/admin/fleet', t('admin.fleet.title')],
    ['/admin/operations', t('admin.operations.title')],
    ['/admin/records', t('admin.records.title')],
    ['/admin/releases', t('admin.releases.title')],
    ['/admin/alliance', t('admin.alliance.title')],
  ] as const;
  return (
    <>
      <PageHead title={t('admin.title')} text={t('admin.text')} />
      {platformOperator ? (
        <>
          <nav className="tabs" aria-label={t('admin.title')}>
            {tabs.map(([to, label]) => (
              <Link key={to} to={to} activeOptions={{ includeSearch: false }}>
                {label}
              </Link>
            ))}
          </nav>
          <Outlet />
        </>
      ) : (
        <Empty title={t('kit.forbidden.title')} text={t('admin.forbidden')} />
      )}
    </>
  );
}
