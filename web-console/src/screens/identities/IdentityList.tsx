import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import {
  Badge,
  ChoiceFilter,
  type Column,
  DataTable,
  Empty,
  SearchFilter,
  StateBadge,
  Time,
  useFilter,
} from '@/kit';
import { type Identity, identitiesQuery } from './queries';

const TONES = { good: 'ok', suspended: 'warn', revoked: 'bad' } as const;

/** How an identity stands, in a word. */
export function StandingBadge({ standing = 'good' }: { standing?: Identity['spec']['standing'] }) {
  const { t } = useTranslation();
  return <Badge tone={TONES[standing]}>{t(`identities.standing.${standing}`)}</Badge>;
}

/** People and applications that organizations vouch for: all of the tenant's, or those of one of `organizations`. */
export function IdentityList({ organizations = [] }: { organizations?: string[] }) {
  const { t } = useTranslation();
  const { filter, isFiltered, type, choose, clear } = useFilter('q', 'organization');
  // One of them is always chosen: the first, when the address names none.
  const [first, ...others] = organizations;
  const organization = filter.organization ?? first;
  const query = useInfiniteQuery(identitiesQuery({ q: filter.q, organization }));
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
          value={filter.q}
          onChange={(value) => type('q', value)}
        />
        {first !== undefined && (
          <ChoiceFilter
            label={t('identities.organization')}
            any={first}
            choices={others}
            words={(each) => each}
            value={filter.organization}
            onChange={(value) => choose('organization', value)}
          />
        )}
      </search>
      <DataTable
        label={t('identities.tabs.identities')}
        query={query}
        columns={columns}
        rowKey={({ uid }) => uid}
        empty={<Empty title={t('identities.empty.title')} text={t('identities.empty.text')} />}
        onClearFilter={isFiltered ? clear : undefined}
      />
    </div>
  );
}
