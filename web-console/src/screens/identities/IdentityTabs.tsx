import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useFilter } from '@/kit';
import { Certificates } from './Certificates';
import { IdentityList } from './IdentityList';

/** Identities and certificates beside each other: all of the tenant's, or those of a chain's organizations. */
export function IdentityTabs({ of }: { of?: { chain: string; organizations: string[] } }) {
  const { t } = useTranslation();
  const { filter } = useFilter('tab');
  const isCertificates = filter.tab === 'certificates';
  const tabs = [
    [t('identities.tabs.identities'), {}, !isCertificates],
    [t('identities.tabs.certificates'), { tab: 'certificates' }, isCertificates],
  ] as const;
  return (
    <>
      <nav className="tabs" aria-label={t('identities.title')}>
        {tabs.map(([label, search, isChosen]) => (
          <Link
            key={label}
            to="."
            search={search as never}
            activeProps={{}}
            className={isChosen ? 'active' : ''}
          >
            {label}
          </Link>
        ))}
      </nav>
      {isCertificates ? (
        <Certificates {...of} />
      ) : (
        <IdentityList {...(of && { organizations: of.organizations })} />
      )}
    </>
  );
}
