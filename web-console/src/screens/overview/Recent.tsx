import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { operationsQuery } from '@/api/queries';
import { Age, Card, Loaded, Meter, OperationBadge } from '@/kit';
import { hasEnded } from '../operation/useOperation';

/** What was asked for lately, and how far it is. Asks more often while something runs. */
export function Recent() {
  const { t } = useTranslation();
  const query = useInfiniteQuery({
    ...operationsQuery({ pageSize: 8 }),
    refetchInterval: ({ state }) => (state.data?.pages[0]?.items.every(hasEnded) ? 10_000 : 2_000),
  });
  return (
    <Card title={t('overview.recent')}>
      <Loaded query={query}>
        {({ pages }) => {
          const operations = pages[0]?.items ?? [];
          if (operations.length === 0) return <p className="muted">{t('overview.noOperations')}</p>;
          return (
            <ul className="overview-list">
              {operations.map((operation) => {
                const { node, name } = operation.target;
                const label = t(`overview.operation.${operation.type}`, { name: node ?? name });
                return (
                  <li key={operation.id}>
                    <div className="row">
                      <Link className="grow" to="/operations/$operation" params={{ operation: operation.id }}>
                        {label}
                      </Link>
                      <span className="muted small">
                        <Age value={operation.createTime} />
                      </span>
                      <OperationBadge state={operation.state} />
                    </div>
                    {!hasEnded(operation) && operation.progress.total > 0 && (
                      <Meter
                        value={operation.progress.done}
                        max={operation.progress.total}
                        label={label}
                        neutral
                      />
                    )}
                  </li>
                );
              })}
            </ul>
          );
        }}
      </Loaded>
    </Card>
  );
}
