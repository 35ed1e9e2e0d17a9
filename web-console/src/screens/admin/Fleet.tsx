import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { narrowed } from '@/api/queries';
import { useFormat } from '@/i18n/format';
import {
  Age,
  Badge,
  type Column,
  DataTable,
  Empty,
  Meter,
  SearchFilter,
  StateBadge,
  StateFilter,
} from '@/kit';
import { fleetQuery } from './queries';
import { Section } from './Section';

const route = getRouteApi('/shell/admin/fleet');
type FleetChain = Schemas['FleetChain'];

/** The chains of all tenants: how they are and what they run, not what is on them. */
export function Fleet() {
  const { t } = useTranslation();
  const format = useFormat();
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(fleetQuery(filter));
  const columns: Column<FleetChain>[] = [
    {
      id: 'name',
      head: t('admin.fleet.chain'),
      cell: ({ name, displayName }) => (
        <>
          <strong>{displayName ?? name}</strong>
          {displayName && <div className="muted mono">{name}</div>}
        </>
      ),
    },
    {
      id: 'tenant',
      head: t('shell.tenant'),
      cell: ({ tenant }) => (
        <Link to="/admin/tenants/$tenant" params={{ tenant }}>
          {tenant}
        </Link>
      ),
    },
    {
      id: 'state',
      head: t('admin.state'),
      cell: ({ state, message }) => (
        <>
          <StateBadge state={state} />
          {message && <div className="muted small admin-message">{message}</div>}
        </>
      ),
    },
    { id: 'release', head: t('admin.fleet.release'), cell: (chain) => <Release chain={chain} /> },
    {
      id: 'nodes',
      head: t('admin.fleet.nodes'),
      cell: ({ nodes: { ready, desired } }) => (
        <span className="admin-used">
          <span className="number">
            {t('usage.usedOf', { used: format.number(ready), limit: format.number(desired) })}
          </span>
          {desired > 0 && <Meter value={ready} max={desired} label={t('admin.fleet.nodes')} neutral />}
        </span>
      ),
    },
    {
      id: 'members',
      head: t('admin.fleet.members'),
      align: 'end',
      cell: ({ memberCount }) => format.number(memberCount),
    },
    {
      id: 'created',
      head: t('admin.created'),
      cell: ({ createTime }) => createTime && <Age value={createTime} />,
    },
  ];
  return (
    <Section title={t('admin.fleet.title')} text={t('admin.fleet.text')}>
      <search className="row">
        {(['q', 'tenant', 'release'] as const).map((name) => (
          <SearchFilter
            key={name}
            label={t(`admin.fleet.by.${name}`)}
            value={filter[name]}
            onChange={(value) => navigate({ search: narrowed(name, value), replace: true })}
          />
        ))}
        <StateFilter
          value={filter.state}
          onChange={(value) => navigate({ search: narrowed('state', value) })}
        />
      </search>
      <DataTable
        label={t('admin.fleet.title')}
        query={query}
        columns={columns}
        rowKey={({ uid }) => uid}
        empty={<Empty title={t('admin.fleet.empty')} text={t('admin.fleet.text')} />}
        onClearFilter={Object.values(filter).some(Boolean) ? () => navigate({ search: {} }) : undefined}
      />
    </Section>
  );
}

/** What a chain's nodes run, and whether somebody still mends that. */
function Release({ chain: { release, engine, version, isEndOfLife } }: { chain: FleetChain }) {
  const { t } = useTranslation();
  if (!release) return <span className="muted">–</span>;
  return (
    <>
      <span className="mono">{release}</span>{' '}
      {isEndOfLife && <Badge tone="warn">{t('admin.releases.ended')}</Badge>}
      {engine && (
        <div className="muted small">
          {t(`admin.releases.engines.${engine}`)} {version}
        </div>
      )}
    </>
  );
}
