import { useTranslation } from 'react-i18next';
import { useMay } from '@/api/session';
import { LinkButton } from '@/kit';

/** Leads to the wizard's last step, with everything filled in. */
export function TrySandbox() {
  const { t } = useTranslation();
  if (!useMay('chains:write')) return null;
  return (
    <LinkButton look="primary" to="/chains/new" search={{ begin: 'sandbox', step: 'review' }}>
      {t('newChain.sandbox.try')}
    </LinkButton>
  );
}
