import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { narrowed } from '@/api/queries';
import { Badge, type Column, DataTable, Empty, SearchFilter, StateBadge, Time } from '@/kit';
import { type Identity, identitiesQuery } from './queries';

const route = getRouteApi('/shell/identities');
const TONES = { good: 'ok', suspended: 'warn', revoked: 'bad' } as const;

/** How an identity stands, in a word. */
export function StandingBadge({ standing = 'good' }: { standing?: Identity['spec']['standing'] }) {
  const { t } = useTranslation();
  return <Badge tone={TONES[standing]}>{t(`identities.standing.${standing}`)}</Badge>;
}

/** People and applications that organizations vouch for. */
export function IdentityList() {
  const { t } = useTranslation();
  const { q } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(identitiesQuery(q));
  const columns: Column<Identity>[] = [
    {
      id: 'name',
      head: t('identities.name'),
      cell: ({ name }) => (
        <Link to="/identities/$identity" params={{ identity: name }}>
          <strong>{name}</strong>
        </Link>
      ),
    },
    {
      id: 'standing',
      head: t('identities.standing.label'),
      cell: ({ spec }) => <StandingBadge {...(spec.standing && { standing: spec.standing })} />,
    },
    { id: 'state', head: t('identities.state'), cell: ({ state }) => <StateBadge state={state} /> },
    { id: 'organization', head: t('identities.organization'), cell: ({ spec }) => spec.organization },
    {
      id: 'role',
      head: t('identities.role.label'),
      cell: ({ spec }) => t(`identities.role.${spec.role ?? 'client'}`),
    },
    {
      id: 'expires',
      head: t('identities.certificate.expires'),
      cell: ({ status }) => (status?.expireTime ? <Time value={status.expireTime} /> : '–'),
    },
  ];
  return (
    <div className="stack">
      <search className="row">
        <SearchFilter
          label={t('identities.search')}
          value={q}
          onChange={(value) => navigate({ search: narrowed('q', value), replace: true })}
        />
      </search>
      <DataTable
        label={t('identities.tabs.identities')}
        query={query}
        columns={columns}
        rowKey={({ uid }) => uid}
        empty={<Empty title={t('identities.empty.title')} text={t('identities.empty.text')} />}
        onClearFilter={q ? () => navigate({ search: {} }) : undefined}
      />
    </div>
  );
}
