import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button, PageHead, useRefusal } from '@/kit';
import { IdentityTabs } from './IdentityTabs';
import { IssueIdentity } from './IssueIdentity';

/** Who and what organizations vouch for, and how long each certificate is still good. */
export function Identities() {
  const { t } = useTranslation();
  const refusal = useRefusal('identities:issue');
  const [isNew, setNew] = useState(false);
  return (
    <>
      <PageHead title={t('identities.title')} text={t('identities.text')}>
        <Button look="primary" disabledReason={refusal} onClick={() => setNew(true)}>
          {t('identities.issue.button')}
        </Button>
      </PageHead>
      <IdentityTabs />
      {isNew && <IssueIdentity onClose={() => setNew(false)} />}
    </>
  );
}
