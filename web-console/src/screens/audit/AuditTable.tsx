import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import {
  Badge,
  Button,
  ChoiceFilter,
  type Column,
  DataTable,
  Empty,
  SearchFilter,
  Time,
  useFilter,
} from '@/kit';
import { AuditRow } from './AuditRow';
import { type AuditEvent, auditQuery, OUTCOME_TONES } from './queries';

const OUTCOMES = ['done', 'refused', 'failed', 'interrupted'] as const satisfies Schemas['Outcome'][];
/** What is looked for as it is typed. */
const FREE = ['actor', 'action', 'object'] as const;

export const useAuditFilter = () => useFilter(...FREE, 'outcome', 'from', 'to');

/** Rows of the audit's chain, newest first: all of the tenant's, or those of one object and its parts. */
export function AuditTable({ of }: { of?: string }) {
  const { t } = useTranslation();
  const { filter, isFiltered, type, choose, clear } = useAuditFilter();
  const query = useInfiniteQuery(auditQuery(of === undefined ? filter : { ...filter, object: of }));
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
  return (
    <div className="stack">
      <search className="row">
        {FREE.filter((name) => name !== 'object' || of === undefined).map((name) => (
          <SearchFilter
            key={name}
            label={t(`audit.${name}`)}
            value={filter[name]}
            onChange={(value) => type(name, value)}
          />
        ))}
        <ChoiceFilter
          label={t('audit.outcome')}
          any={t('audit.anyOutcome')}
          choices={OUTCOMES}
          words={(outcome) => t(`audit.outcomes.${outcome}`)}
          value={filter.outcome}
          onChange={(value) => choose('outcome', value)}
        />
        {(['from', 'to'] as const).map((name) => (
          <label key={name} className="row small">
            {t(`audit.${name}`)}
            <input
              className="input filter"
              type="date"
              value={filter[name] ?? ''}
              onChange={(event) => choose(name, event.target.value)}
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
        onClearFilter={isFiltered ? clear : undefined}
      />
      {open && <AuditRow event={open} onClose={() => setOpen(undefined)} />}
    </div>
  );
}
