import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { narrowed } from '@/api/queries';
import { Empty } from '@/kit';
import { statisticsQuery, TRANSACTION_FILTERS, type TransactionFilter, transactionsQuery } from './ledger';
import { TransactionTable } from './TransactionTable';

const route = getRouteApi('/shell/chains/$chain/explorer/$channel/lists/transactions');

/** The transactions of a channel, newest first, by who made them, what they call, what became of them, and when. */
export function Transactions() {
  const { t } = useTranslation();
  const of = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const filter: TransactionFilter = Object.fromEntries(
    TRANSACTION_FILTERS.flatMap((name) => (search[name] ? [[name, search[name]]] : [])),
  );
  const query = useInfiniteQuery(transactionsQuery(of, filter));
  const { data: known } = useQuery(statisticsQuery(of));
  const set = (name: keyof TransactionFilter, value: string) =>
    navigate({ search: narrowed(name, value), replace: true });
  return (
    <div className="stack">
      <search className="explorer-filters">
        <OneOf
          label={t('explorer.transactions.creator')}
          known={known?.byCreator}
          value={filter.creator}
          onChange={(value) => set('creator', value)}
        />
        <OneOf
          label={t('explorer.contract')}
          known={known?.byContract}
          value={filter.contract}
          onChange={(value) => set('contract', value)}
        />
        <OneOf
          label={t('explorer.transactions.verdict')}
          known={known?.byCode}
          value={filter.code}
          onChange={(value) => set('code', value)}
        />
        <input
          className="input"
          aria-label={t('explorer.function')}
          placeholder={t('explorer.function')}
          value={filter.function ?? ''}
          onChange={({ target }) => set('function', target.value)}
        />
        <Moment label={t('explorer.from')} value={filter.from} onChange={(value) => set('from', value)} />
        <Moment label={t('explorer.to')} value={filter.to} onChange={(value) => set('to', value)} />
      </search>
      <TransactionTable
        of={of}
        query={query}
        empty={<Empty title={t('explorer.transactions.none')} text={t('explorer.transactions.noneText')} />}
        onClearFilter={Object.keys(filter).length > 0 ? () => navigate({ search: {} }) : undefined}
      />
    </div>
  );
}

type OneOfProps = {
  label: string;
  known: Schemas['TransactionCount'][] | undefined;
  value: string | undefined;
  onChange: (value: string) => void;
};

/** One of what the channel has seen. */
function OneOf({ label, known, value, onChange }: OneOfProps) {
  const { t } = useTranslation();
  const names = known?.map(({ name }) => name) ?? [];
  return (
    <select
      className="input"
      aria-label={label}
      value={value ?? ''}
      onChange={({ target }) => onChange(target.value)}
    >
      <option value="">{t('explorer.any', { what: label })}</option>
      {(value && !names.includes(value) ? [value, ...names] : names).map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  );
}

/** A moment, given in the reader's zone and kept in UTC. */
function Moment({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string | undefined;
  onChange: (value: string) => void;
}) {
  const date = value ? new Date(value) : undefined;
  const local =
    date && !Number.isNaN(date.getTime())
      ? new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
      : '';
  return (
    <label className="explorer-moment">
      <span className="muted small">{label}</span>
      <input
        className="input"
        type="datetime-local"
        value={local}
        onChange={({ target }) => onChange(target.value ? new Date(target.value).toISOString() : '')}
      />
    </label>
  );
}
