import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button, PageHead, useRefusal } from '@/kit';
import { Certificates } from './Certificates';
import { IdentityList } from './IdentityList';
import { IssueIdentity } from './IssueIdentity';

const route = getRouteApi('/shell/identities');

/** Who and what organizations vouch for, and how long each certificate is still good. */
export function Identities() {
  const { t } = useTranslation();
  const { tab } = route.useSearch();
  const refusal = useRefusal('identities:issue');
  const [isNew, setNew] = useState(false);
  const isCertificates = tab === 'certificates';
  return (
    <>
      <PageHead title={t('identities.title')} text={t('identities.text')}>
        <Button look="primary" disabledReason={refusal} onClick={() => setNew(true)}>
          {t('identities.issue.button')}
        </Button>
      </PageHead>
      <nav className="tabs" aria-label={t('identities.title')}>
        <Link to="/identities" activeProps={{}} className={isCertificates ? '' : 'active'}>
          {t('identities.tabs.identities')}
        </Link>
        <Link
          to="/identities"
          search={{ tab: 'certificates' }}
          activeProps={{}}
          className={isCertificates ? 'active' : ''}
        >
          {t('identities.tabs.certificates')}
        </Link>
      </nav>
      {isCertificates ? <Certificates /> : <IdentityList />}
      {isNew && <IssueIdentity onClose={() => setNew(false)} />}
    </>
  );
}
