import { queryOptions, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, call, type Schemas } from '@/api/client';
import { useFormat } from '@/i18n/format';
import { Card, Loaded, PageHead } from '@/kit';
import { Meters } from './Meters';
import { useQuotaWords } from './quotas';

const usageQuery = queryOptions({
  queryKey: ['usage'],
  queryFn: () => call(api.GET('/v1/usage')),
  refetchInterval: 10_000,
});

/** From here on it is time to make room. */
const NEARLY = 0.8;

/** How much the tenant has of what it may have, and what to do when that is all. */
export function Usage() {
  const { t } = useTranslation();
  const query = useQuery(usageQuery);
  return (
    <>
      <PageHead title={t('usage.title')} text={t('usage.text')} />
      <Loaded query={query} lines={6}>
        {({ quotas }) => (
          <div className="stack">
            <Shortage quotas={quotas} />
            <Card title={t('usage.quotas')}>
              <Meters quotas={quotas} />
            </Card>
            <WhenFull />
          </div>
        )}
      </Loaded>
    </>
  );
}

/** Which quotas are used up, and which are about to be. */
function Shortage({ quotas }: { quotas: Schemas['QuotaUse'][] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { name } = useQuotaWords();
  const share = ({ used, limit }: Schemas['QuotaUse']) => (limit == null ? 0 : limit > 0 ? used / limit : 1);
  const names = (among: Schemas['QuotaUse'][]) => format.list(among.map(({ quota }) => name(quota)));
  const full = quotas.filter((quota) => share(quota) >= 1);
  const nearly = quotas.filter((quota) => share(quota) >= NEARLY && share(quota) < 1);
  return (
    <>
      {full.length > 0 && (
        <p className="notice notice-bad" role="status">
          {t('usage.full', { names: names(full) })}
        </p>
      )}
      {nearly.length > 0 && (
        <p className="notice notice-warn" role="status">
          {t('usage.nearly', { names: names(nearly) })}
        </p>
      )}
    </>
  );
}

function WhenFull() {
  const { t } = useTranslation();
  return (
    <Card title={t('usage.whenFull.title')}>
      <div className="stack-s">
        <p>{t('usage.whenFull.refused')}</p>
        <ul className="effects">
          <li>
            {t('usage.whenFull.room')} <Link to="/chains">{t('chains.title')}</Link> ·{' '}
            <Link to="/organizations">{t('organizations.title')}</Link>
          </li>
          <li>{t('usage.whenFull.more')}</li>
          <li>{t('usage.whenFull.requests')}</li>
        </ul>
      </div>
    </Card>
  );
}
