import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { narrowed, type Organization, organizationsQuery } from '@/api/queries';
import {
  Age,
  Badge,
  Button,
  type Column,
  DataTable,
  Empty,
  PageHead,
  SearchFilter,
  StateBadge,
  useRefusal,
} from '@/kit';
import { NewOrganization } from './NewOrganization';

const route = getRouteApi('/shell/organizations');

/** The tenant's legal parties. */
export function OrganizationList() {
  const { t } = useTranslation();
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(organizationsQuery(filter));
  const refusal = useRefusal('organizations:write');
  const [isNew, setNew] = useState(false);
  const create = (
    <Button look="primary" disabledReason={refusal} onClick={() => setNew(true)}>
      {t('organizations.new.button')}
    </Button>
  );
  const columns: Column<Organization>[] = [
    {
      id: 'name',
      head: t('organizations.name'),
      cell: (organization) => (
        <Link to="/organizations/$organization" params={{ organization: organization.name }}>
          <strong>{organization.spec.displayName ?? organization.name}</strong>
          <div className="muted mono">{organization.name}</div>
        </Link>
      ),
    },
    { id: 'state', head: t('organizations.state'), cell: ({ state }) => <StateBadge state={state} /> },
    {
      id: 'msp',
      head: t('organizations.mspId'),
      cell: ({ spec, status }) => <code>{status?.mspId ?? spec.mspId ?? '–'}</code>,
    },
    {
      id: 'level',
      head: t('organizations.level.label'),
      cell: ({ spec }) => (spec.level ? t(`organizations.level.${spec.level}`) : '–'),
    },
    { id: 'region', head: t('organizations.region'), cell: ({ spec }) => spec.region ?? '–' },
    {
      id: 'regulator',
      head: t('organizations.role'),
      cell: ({ spec }) =>
        spec.regulator ? (
          <Badge tone="warn">{t('organizations.regulator')}</Badge>
        ) : (
          t('organizations.member')
        ),
    },
    {
      id: 'created',
      head: t('organizations.created'),
      cell: ({ createTime }) => createTime && <Age value={createTime} />,
    },
  ];
  return (
    <>
      <PageHead title={t('organizations.title')} text={t('organizations.text')}>
        {create}
      </PageHead>
      <div className="stack">
        <search className="row">
          <SearchFilter
            label={t('organizations.search')}
            value={filter.q}
            onChange={(value) => navigate({ search: narrowed('q', value), replace: true })}
          />
        </search>
        <DataTable
          label={t('organizations.title')}
          query={query}
          columns={columns}
          rowKey={({ uid }) => uid}
          empty={
            <Empty title={t('organizations.empty.title')} text={t('organizations.empty.text')}>
              {create}
            </Empty>
          }
          onClearFilter={filter.q || filter.state ? () => navigate({ search: {} }) : undefined}
        />
      </div>
      {isNew && <NewOrganization onClose={() => setNew(false)} />}
    </>
  );
}
