import { useTranslation } from 'react-i18next';
import { LinkButton, PageHead } from '@/kit';
import { ContractTable, DeployButton } from './ContractTable';

/** Every contract on the tenant's chains. */
export function ContractList() {
  const { t } = useTranslation();
  return (
    <>
      <PageHead title={t('contracts.title')} text={t('contracts.text')}>
        <LinkButton to="/library">{t('library.title')}</LinkButton>
        <DeployButton />
      </PageHead>
      <ContractTable />
    </>
  );
}
