import { useTranslation } from 'react-i18next';
import { Button, LinkButton, useRefusal } from '@/kit';

/** Leads to the wizard; says why not where the role does not allow it. */
export function CreateChain({ look = 'primary' }: { look?: 'primary' | 'plain' }) {
  const { t } = useTranslation();
  const refusal = useRefusal('chains:write');
  if (refusal) return <Button disabledReason={refusal}>{t('newChain.title')}</Button>;
  return (
    <LinkButton look={look} to="/chains/new">
      {t('newChain.title')}
    </LinkButton>
  );
}
