import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useSession } from '@/api/session';
import { Badge, Card, Empty, Failure, Hash, Loading, PageHead, Partial, Time } from '@/kit';
import { HitLine } from '../explorer/SearchResults';
import { ledgerQuery, type Named, namedQuery, type OnLedger, serialQuery } from './queries';

const route = getRouteApi('/shell/search');

/** Everything in the tenant that a text may mean: names, what is on ledgers, certificates by serial number. */
export function Search() {
  const { t } = useTranslation();
  const { q = '' } = route.useSearch();
  const { scopes } = useSession();
  const named = useQuery(namedQuery(q, scopes));
  const ledger = useQuery({ ...ledgerQuery(q), ...(!scopes.includes('ledger:read') && { enabled: false }) });
  const serial = useQuery({
    ...serialQuery(q),
    ...(!scopes.includes('identities:read') && { enabled: false }),
  });
  const isBusy = named.isFetching || ledger.isLoading || serial.isLoading;
  const onLedger = ledger.data?.found ?? [];
  const certificates = serial.data ?? [];
  const isNothing = !named.data?.length && onLedger.length === 0 && certificates.length === 0;
  return (
    <>
      <PageHead title={t('shell.search.title', { q })} />
      <div className="stack">
        <Partial names={ledger.data?.silent ?? []} />
        {named.error && <Failure error={named.error} onRetry={() => named.refetch()} />}
        {named.data && named.data.length > 0 && (
          <Card title={t('shell.search.named')}>
            <ul className="stack-s">
              {named.data.map((each) => (
                <li key={`${each.kind} ${each.name}`} className="row">
                  <Badge plain>{t(`shell.nav.${each.kind}`)}</Badge>
                  <NamedLink {...each} />
                </li>
              ))}
            </ul>
          </Card>
        )}
        {onLedger.length > 0 && <Ledger found={onLedger} />}
        {certificates.length > 0 && (
          <Card title={t('shell.search.certificates')}>
            <ul className="stack-s">
              {certificates.map(({ name, serialNumber, organization, expireTime }) => (
                <li key={`${name} ${serialNumber}`} className="row">
                  <Link to="/identities" search={{ tab: 'certificates', organization }}>
                    {name}
                  </Link>
                  <Hash value={serialNumber ?? ''} />
                  <span className="muted small">
                    {t('shell.search.until')} <Time value={expireTime} />
                  </span>
                </li>
              ))}
            </ul>
          </Card>
        )}
        {isBusy && <Loading />}
        {!isBusy && !named.error && isNothing && (
          <Empty title={t('shell.search.none')} text={t('shell.search.hint')} />
        )}
      </div>
    </>
  );
}

function NamedLink({ kind, name, displayName }: Named) {
  const text = (
    <>
      {displayName ?? name} {displayName && <span className="muted mono small">{name}</span>}
    </>
  );
  switch (kind) {
    case 'chains':
      return (
        <Link to="/chains/$chain" params={{ chain: name }}>
          {text}
        </Link>
      );
    case 'contracts':
      return (
        <Link to="/contracts/$contract" params={{ contract: name }}>
          {text}
        </Link>
      );
    case 'organizations':
      return (
        <Link to="/organizations/$organization" params={{ organization: name }}>
          {text}
        </Link>
      );
    case 'identities':
      return (
        <Link to="/identities/$identity" params={{ identity: name }}>
          {text}
        </Link>
      );
  }
}

function Ledger({ found }: { found: OnLedger[] }) {
  const { t } = useTranslation();
  return (
    <Card title={t('shell.search.ledger')}>
      <ul className="stack-s">
        {found.map(({ chain, channel, hit }) => (
          <li
            key={`${chain} ${channel} ${hit.type} ${hit.blockNumber} ${hit.transactionId} ${hit.key}`}
            className="row"
          >
            <HitLine of={{ chain, channel }} hit={hit} />
            <span className="muted mono small">
              {chain}/{channel}
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
