import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { narrowed } from '@/api/queries';
import { Age, Badge, Button, type Column, DataTable, Empty, SearchFilter, StateBadge } from '@/kit';
import { NewTenant } from './NewTenant';
import { Used } from './QuotaMeters';
import { type Tenant, tenantsQuery } from './queries';
import { Section } from './Section';

const route = getRouteApi('/shell/admin/tenants');

/** The customers of this installation. */
export function Tenants() {
  const { t } = useTranslation();
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(tenantsQuery(filter));
  const [isNew, setNew] = useState(false);
  const create = (
    <Button look="primary" onClick={() => setNew(true)}>
      {t('admin.tenants.new')}
    </Button>
  );
  const used = (kind: 'chains' | 'organizations' | 'peers'): Column<Tenant> => ({
    id: kind,
    head: t(`usage.kind.${kind}`),
    cell: ({ spec, status }) => (
      <Used kind={kind} used={status?.usage?.[kind] ?? 0} limit={spec.quotas?.[kind]} />
    ),
  });
  const columns: Column<Tenant>[] = [
    {
      id: 'name',
      head: t('admin.tenants.name'),
      cell: ({ name, spec }) => (
        <Link to="/admin/tenants/$tenant" params={{ tenant: name }}>
          <strong>{spec.displayName ?? name}</strong>
          {spec.displayName && <div className="muted mono">{name}</div>}
        </Link>
      ),
    },
    { id: 'state', head: t('admin.state'), cell: (tenant) => <TenantBadge tenant={tenant} /> },
    used('chains'),
    used('organizations'),
    used('peers'),
    {
      id: 'created',
      head: t('admin.created'),
      cell: ({ createTime }) => createTime && <Age value={createTime} />,
    },
  ];
  return (
    <Section title={t('admin.tenants.title')} text={t('admin.tenants.text')} actions={create}>
      <search className="row">
        <SearchFilter
          label={t('admin.search')}
          value={filter.q}
          onChange={(value) => navigate({ search: narrowed('q', value), replace: true })}
        />
      </search>
      <DataTable
        label={t('admin.tenants.title')}
        query={query}
        columns={columns}
        rowKey={({ uid }) => uid}
        empty={
          <Empty title={t('admin.tenants.empty')} text={t('admin.tenants.text')}>
            {create}
          </Empty>
        }
        onClearFilter={filter.q || filter.state ? () => navigate({ search: {} }) : undefined}
      />
      {isNew && <NewTenant onClose={() => setNew(false)} />}
    </Section>
  );
}

/** Whether a tenant's people are let in, and where the tenant stands otherwise. */
export function TenantBadge({ tenant: { spec, state } }: { tenant: Tenant }) {
  const { t } = useTranslation();
  if (spec.suspended && state === 'ready') return <Badge tone="warn">{t('state.resource.suspended')}</Badge>;
  return <StateBadge state={state} />;
}
