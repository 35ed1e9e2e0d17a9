import { useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { chainsQuery } from '@/api/queries';
import { useMay, useSession } from '@/api/session';
import { Empty, PageHead } from '@/kit';
import { CreateChain } from '../chains/CreateChain';
import { TrySandbox } from '../chains/TrySandbox';
import { Attention } from './Attention';
import { Counts } from './Counts';
import { Guide } from './Guide';
import { Recent } from './Recent';
import './overview.css';

/** What there is, what needs a look, what is going on; and for whoever is new, where to begin. */
export function Overview() {
  const { t } = useTranslation();
  const seesChains = useMay('chains:read');
  // An operator of the platform need not belong to a tenant.
  const { tenant } = useSession();
  const chains = useInfiniteQuery({ ...chainsQuery(), enabled: seesChains, refetchInterval: 10_000 });
  const isNew = chains.data?.pages[0]?.items.length === 0;
  return (
    <>
      <PageHead title={t('overview.title')}>{seesChains && !isNew && <CreateChain />}</PageHead>
      <div className="stack">
        {isNew ? (
          <section className="card">
            <Empty title={t('overview.empty.title')} text={t('overview.empty.text')}>
              <TrySandbox />
              <CreateChain look="plain" />
            </Empty>
          </section>
        ) : (
          tenant && <Counts />
        )}
        <Guide hasChain={!isNew} />
        <div className="overview">
          {seesChains && !isNew && <Attention />}
          <Recent />
        </div>
      </div>
    </>
  );
}
