import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { narrowed } from '@/api/queries';
import { Age, Button, type Column, DataTable, Empty } from '@/kit';
import { type Record, RecordBadge } from '../organizations/RecordFacts';
import { type RecordState, recordsQuery } from './queries';
import { RecordDrawer } from './RecordDrawer';
import { Section } from './Section';

const route = getRouteApi('/shell/admin/records');
const STATES = ['submitted', 'approved', 'refused'] as const satisfies RecordState[];

/** Which legal parties organizations say they are, first of all those that wait for a decision. */
export function Records() {
  const { t } = useTranslation();
  const { state: wanted, record } = route.useSearch();
  const navigate = route.useNavigate();
  const state = STATES.find((each) => each === wanted) ?? (wanted === 'any' ? undefined : 'submitted');
  const query = useInfiniteQuery(recordsQuery(state));
  const open = query.data?.pages.flatMap((page) => page.items).find(({ uid }) => uid === record);
  const columns: Column<Record>[] = [
    {
      id: 'name',
      head: t('organizations.record.legalName'),
      cell: ({ legalName, registrationNumber }) => (
        <>
          <strong>{legalName}</strong>
          <div className="muted mono">{registrationNumber}</div>
        </>
      ),
    },
    { id: 'state', head: t('admin.state'), cell: (each) => <RecordBadge state={each.state} /> },
    {
      id: 'organization',
      head: t('admin.records.organization'),
      cell: ({ tenant, organization }) => (
        <>
          {organization}
          <div className="muted">{tenant}</div>
        </>
      ),
    },
    { id: 'by', head: t('admin.records.by'), cell: ({ submittedBy }) => submittedBy },
    {
      id: 'time',
      head: t('organizations.record.submittedAt'),
      cell: ({ submitTime }) => <Age value={submitTime} />,
    },
    {
      id: 'more',
      head: t('admin.records.look'),
      align: 'end',
      cell: ({ uid }) => (
        <Button size="small" onClick={() => navigate({ search: (before) => ({ ...before, record: uid }) })}>
          {t('admin.records.look')}
        </Button>
      ),
    },
  ];
  return (
    <Section title={t('admin.records.title')} text={t('admin.records.text')}>
      <search className="row">
        <select
          className="input filter"
          aria-label={t('admin.state')}
          value={state ?? 'any'}
          onChange={(event) => navigate({ search: narrowed('state', event.target.value) })}
        >
          {STATES.map((each) => (
            <option key={each} value={each}>
              {t(`organizations.record.${each}`)}
            </option>
          ))}
          <option value="any">{t('admin.records.any')}</option>
        </select>
      </search>
      <DataTable
        label={t('admin.records.title')}
        query={query}
        columns={columns}
        rowKey={({ uid }) => uid}
        empty={<Empty title={t('admin.records.empty')} text={t('admin.records.emptyText')} />}
        onClearFilter={
          state && state !== 'submitted' ? () => navigate({ search: { state: 'any' } }) : undefined
        }
      />
      {open && <RecordDrawer record={open} onClose={() => navigate({ search: narrowed('record', '') })} />}
    </Section>
  );
}
