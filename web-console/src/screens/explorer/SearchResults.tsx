import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, Navigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { useFormat } from '@/i18n/format';
import { Badge, Card, Empty, Loaded } from '@/kit';
import { type Channel, searchQuery } from './ledger';
import { BlockLink, KeyLink, TransactionLink } from './parts';

type Hit = Schemas['Hit'];

const route = getRouteApi('/shell/chains/$chain/explorer/$channel/search');

/** What a number, a hash, an id or a key may mean. What can mean only one thing is gone to at once. */
export function SearchResults() {
  const of = route.useParams();
  const { q = '' } = route.useSearch();
  const query = useQuery(searchQuery(of, q));
  return (
    <Loaded query={query}>
      {({ items, index }) => {
        const [only] = items;
        if (items.length === 1 && only && index.indexed === index.height) return <GoTo of={of} hit={only} />;
        return <Several of={of} items={items} index={index} />;
      }}
    </Loaded>
  );
}

function GoTo({ of, hit }: { of: Channel; hit: Hit }) {
  if (hit.transactionId != null)
    return (
      <Navigate
        to="/chains/$chain/explorer/$channel/transactions/$transaction"
        params={{ ...of, transaction: hit.transactionId }}
        replace
      />
    );
  if (hit.key != null && hit.contract != null)
    return (
      <Navigate
        to="/chains/$chain/explorer/$channel/state/$contract"
        params={{ ...of, contract: hit.contract }}
        search={{ key: hit.key }}
        replace
      />
    );
  return (
    <Navigate
      to="/chains/$chain/explorer/$channel/blocks/$block"
      params={{ ...of, block: String(hit.blockNumber) }}
      replace
    />
  );
}

function Several({ of, items, index }: { of: Channel; items: Hit[]; index: Schemas['Reach'] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const isAll = index.indexed === index.height;
  return (
    <div className="stack">
      {!isAll && (
        <p className="notice notice-warn" role="status">
          {t('explorer.indexed', {
            indexed: format.number(index.indexed),
            height: format.number(index.height),
          })}
        </p>
      )}
      {items.length === 0 ? (
        <Empty title={t('explorer.search.none')} text={t('explorer.search.noneText')}>
          <Link to="/chains/$chain/explorer/$channel" params={of} className="button">
            {t('explorer.search.back')}
          </Link>
        </Empty>
      ) : (
        <Card title={t('explorer.search.found', { count: items.length })}>
          <ul className="stack-s">
            {items.map((hit) => (
              <li key={`${hit.type} ${hit.blockNumber} ${hit.transactionId} ${hit.key}`} className="row">
                <HitLine of={of} hit={hit} />
              </li>
            ))}
          </ul>
        </Card>
      )}
    </div>
  );
}

/** What was found, with its links. */
export function HitLine({ of, hit }: { of: Channel; hit: Hit }) {
  const { t } = useTranslation();
  if (hit.transactionId != null)
    return (
      <>
        <Badge plain>{t('explorer.search.transaction')}</Badge>
        <TransactionLink of={of} id={hit.transactionId} block={hit.blockNumber} />
        <BlockLink of={of} number={hit.blockNumber} />
      </>
    );
  if (hit.key != null && hit.contract != null)
    return (
      <>
        <Badge plain>{t('explorer.search.key')}</Badge>
        <span className="muted mono">{hit.contract}</span>
        <KeyLink of={of} contract={hit.contract} value={hit.key} />
      </>
    );
  return (
    <>
      <Badge plain>{t('explorer.search.block')}</Badge>
      <BlockLink of={of} number={hit.blockNumber} />
    </>
  );
}
