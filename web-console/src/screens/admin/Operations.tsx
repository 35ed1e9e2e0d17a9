import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { narrowed } from '@/api/queries';
import {
  Age,
  Button,
  ChoiceFilter,
  type Column,
  DataTable,
  Dialog,
  Empty,
  OperationBadge,
  OperationName,
  SearchFilter,
} from '@/kit';
import { Steps } from '../operation/Steps';
import { allOperationsQuery, OPERATION_STATES } from './queries';
import { Section } from './Section';
import '../operation/operation.css';

const route = getRouteApi('/shell/admin/operations');
type TenantOperation = Schemas['TenantOperation'];

/** What was asked for in all tenants, and how far it is. */
export function Operations() {
  const { t } = useTranslation();
  const { operation, state, tenant } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(
    allOperationsQuery({ tenant, state: OPERATION_STATES.find((each) => each === state) }),
  );
  const open = query.data?.pages.flatMap((page) => page.items).find(({ id }) => id === operation);
  const columns: Column<TenantOperation>[] = [
    { id: 'what', head: t('admin.operations.what'), cell: (each) => <OperationName operation={each} /> },
    {
      id: 'tenant',
      head: t('shell.tenant'),
      cell: (each) => each.tenant || <span className="muted">{t('admin.operations.platform')}</span>,
    },
    { id: 'state', head: t('admin.state'), cell: (each) => <OperationBadge state={each.state} /> },
    {
      id: 'error',
      head: t('admin.operations.why'),
      cell: ({ error }) => <span className="admin-message">{error?.detail ?? '–'}</span>,
    },
    { id: 'time', head: t('admin.operations.asked'), cell: ({ createTime }) => <Age value={createTime} /> },
    {
      id: 'more',
      head: t('admin.operations.steps'),
      align: 'end',
      cell: ({ id }) => (
        <Button
          size="small"
          look="quiet"
          onClick={() => navigate({ search: (before) => ({ ...before, operation: id }) })}
        >
          {t('admin.operations.steps')}
        </Button>
      ),
    },
  ];
  return (
    <Section title={t('admin.operations.title')} text={t('admin.operations.text')}>
      <search className="row">
        <SearchFilter
          label={t('admin.fleet.by.tenant')}
          value={tenant}
          onChange={(value) => navigate({ search: narrowed('tenant', value), replace: true })}
        />
        <ChoiceFilter
          label={t('admin.state')}
          any={t('kit.anyState')}
          choices={OPERATION_STATES}
          words={(each) => t(`state.operation.${each}`)}
          value={state}
          onChange={(value) => navigate({ search: narrowed('state', value) })}
        />
      </search>
      <DataTable
        label={t('admin.operations.title')}
        query={query}
        columns={columns}
        rowKey={({ id }) => id}
        empty={<Empty title={t('admin.operations.empty')} text={t('admin.operations.text')} />}
        onClearFilter={tenant || state ? () => navigate({ search: {} }) : undefined}
      />
      {open && (
        <Dialog
          kind="drawer"
          title={<OperationName operation={open} />}
          onClose={() => navigate({ search: narrowed('operation', '') })}
        >
          <div className="stack">
            {open.error && (
              <div className="notice notice-bad">
                <div className="stack-s">
                  <strong>{open.error.detail}</strong>
                  {open.error.hint && <span className="muted">{open.error.hint}</span>}
                </div>
              </div>
            )}
            <Steps operation={open} />
          </div>
        </Dialog>
      )}
    </Section>
  );
}
