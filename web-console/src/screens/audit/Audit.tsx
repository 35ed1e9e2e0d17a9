import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schemas } from '@/api/client';
import { listOptions, narrowed, present } from '@/api/queries';
import { useMay } from '@/api/session';
import {
  Badge,
  Button,
  ChoiceFilter,
  type Column,
  DataTable,
  Empty,
  Forbidden,
  PageHead,
  SearchFilter,
  Time,
  type Tone,
} from '@/kit';
import { AuditRow } from './AuditRow';

const route = getRouteApi('/shell/audit');
export type AuditEvent = Schemas['AuditEvent'];
type Filter = {
  actor?: string;
  action?: string;
  object?: string;
  outcome?: string;
  from?: string;
  to?: string;
};

const OUTCOMES = ['done', 'refused', 'failed', 'interrupted'] as const satisfies Schemas['Outcome'][];
export const OUTCOME_TONES: Record<Schemas['Outcome'], Tone> = {
  done: 'ok',
  refused: 'warn',
  failed: 'bad',
  interrupted: 'bad',
};

/** What the API takes for a filter; days of the address become the times at which they begin, in UTC. */
const asked = ({ from, to, ...rest }: Filter) =>
  present({ ...rest, from: from && `${from}T00:00:00Z`, to: to && `${to}T23:59:59Z` });

const auditQuery = (filter: Filter) =>
  listOptions(['audit', filter], (pageToken) =>
    call(api.GET('/v1/audit-events', { params: { query: present({ ...asked(filter), pageToken }) } })),
  );

/** What was done, what was refused, by whom. */
export function Audit() {
  const { t } = useTranslation();
  const mayRead = useMay('audit:read');
  return (
    <>
      <PageHead title={t('audit.title')} text={t('audit.text')}>
        {mayRead && <Export />}
      </PageHead>
      {mayRead ? <Rows /> : <Forbidden scope="audit:read" />}
    </>
  );
}

function Export() {
  const { t } = useTranslation();
  const filter = asked(route.useSearch());
  const address = (format: string) => `/v1/audit-events:export?${new URLSearchParams({ ...filter, format })}`;
  return (
    <>
      <a className="button" href={address('csv')} download="audit.csv">
        {t('audit.csv')}
      </a>
      <a className="button" href={address('jsonl')} download="audit.jsonl">
        {t('audit.jsonl')}
      </a>
    </>
  );
}

function Rows() {
  const { t } = useTranslation();
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(auditQuery(filter));
  const [open, setOpen] = useState<AuditEvent>();
  const columns: Column<AuditEvent>[] = [
    { id: 'time', head: t('audit.time'), cell: ({ time }) => <Time value={time} /> },
    { id: 'actor', head: t('audit.actor'), cell: ({ actor }) => actor },
    { id: 'action', head: t('audit.action'), cell: ({ action }) => <code>{action}</code> },
    { id: 'object', head: t('audit.object'), cell: ({ object }) => object },
    {
      id: 'outcome',
      head: t('audit.outcome'),
      cell: ({ outcome }) => <Badge tone={OUTCOME_TONES[outcome]}>{t(`audit.outcomes.${outcome}`)}</Badge>,
    },
    {
      id: 'address',
      head: t('audit.address'),
      cell: ({ address }) => <span className="mono">{address}</span>,
    },
    {
      id: 'more',
      head: t('audit.details'),
      align: 'end',
      cell: (event) => (
        <Button size="small" look="quiet" onClick={() => setOpen(event)}>
          {t('audit.details')}
        </Button>
      ),
    },
  ];
  const isFiltered = Object.values(filter).some(Boolean);
  return (
    <div className="stack">
      <search className="row">
        {(['actor', 'action', 'object'] as const).map((name) => (
          <SearchFilter
            key={name}
            label={t(`audit.${name}`)}
            value={filter[name]}
            onChange={(value) => navigate({ search: narrowed(name, value), replace: true })}
          />
        ))}
        <ChoiceFilter
          label={t('audit.outcome')}
          any={t('audit.anyOutcome')}
          choices={OUTCOMES}
          words={(outcome) => t(`audit.outcomes.${outcome}`)}
          value={filter.outcome}
          onChange={(value) => navigate({ search: narrowed('outcome', value) })}
        />
        {(['from', 'to'] as const).map((name) => (
          <label key={name} className="row small">
            {t(`audit.${name}`)}
            <input
              className="input filter"
              type="date"
              value={filter[name] ?? ''}
              onChange={(event) => navigate({ search: narrowed(name, event.target.value) })}
            />
          </label>
        ))}
      </search>
      <DataTable
        label={t('audit.title')}
        query={query}
        columns={columns}
        rowKey={({ seq }) => String(seq)}
        empty={<Empty title={t('audit.empty.title')} text={t('audit.empty.text')} />}
        onClearFilter={isFiltered ? () => navigate({ search: {} }) : undefined}
      />
      {open && <AuditRow event={open} onClose={() => setOpen(undefined)} />}
    </div>
  );
}
