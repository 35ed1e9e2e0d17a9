import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { useFormat } from '@/i18n/format';
import { Card, Loaded } from '@/kit';
import { type Channel, statisticsQuery, type TransactionFilter } from './ledger';
import { useMeaning } from './parts';

type Count = Schemas['TransactionCount'];

const route = getRouteApi('/shell/chains/$chain/explorer/$channel/lists/statistics');

/** What happens on a channel, in numbers; each leads to the transactions that it counts. */
export function Statistics() {
  const { t } = useTranslation();
  const meaning = useMeaning();
  const of = route.useParams();
  const query = useQuery(statisticsQuery(of));
  return (
    <Loaded query={query}>
      {({ byDay, byCreator, byContract, byCode }) => (
        <div className="explorer-statistics">
          <Counts of={of} title={t('explorer.statistics.byDay')} counts={byDay.slice(0, 30)} filter={dayOf} />
          <Counts
            of={of}
            title={t('explorer.statistics.byCreator')}
            counts={byCreator}
            filter={(creator) => ({ creator })}
          />
          <Counts
            of={of}
            title={t('explorer.statistics.byContract')}
            counts={byContract}
            filter={(contract) => ({ contract })}
          />
          <Counts
            of={of}
            title={t('explorer.statistics.byCode')}
            counts={byCode}
            filter={(code) => ({ code })}
            hint={meaning}
          />
        </div>
      )}
    </Loaded>
  );
}

const DAY = 86_400_000;

/** A day in UTC, as the server counts them. */
const dayOf = (day: string): TransactionFilter => {
  const from = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(from)) return {};
  return { from: new Date(from).toISOString(), to: new Date(from + DAY).toISOString() };
};

type CountsProps = {
  of: Channel;
  title: string;
  counts: Count[];
  filter: (name: string) => TransactionFilter;
  hint?: (name: string) => string;
};

function Counts({ of, title, counts, filter, hint }: CountsProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const most = Math.max(1, ...counts.map(({ count }) => count));
  return (
    <Card title={title}>
      {counts.length === 0 && <p className="muted">{t('explorer.statistics.nothing')}</p>}
      <ul className="bars">
        {counts.map(({ name, count }) => (
          <li key={name} title={hint?.(name)}>
            <Link to="/chains/$chain/explorer/$channel/transactions" params={of} search={filter(name)}>
              {name || t('explorer.nobody')}
            </Link>
            <span className="number">{format.number(count)}</span>
            <i style={{ width: `${(100 * count) / most}%` }} />
          </li>
        ))}
      </ul>
    </Card>
  );
}
