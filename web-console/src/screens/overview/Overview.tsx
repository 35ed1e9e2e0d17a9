import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { operationsQuery } from '@/api/queries';
import { Age, Card, Loaded, OperationBadge, PageHead } from '@/kit';

/** What is going on in the tenant. */
export function Overview() {
  const { t } = useTranslation();
  const operations = useInfiniteQuery(operationsQuery({ pageSize: 8 }));
  return (
    <>
      <PageHead title={t('overview.title')} />
      <Card title={t('overview.recent')}>
        <Loaded query={operations}>
          {({ pages }) => (
            <ul className="stack-s">
              {pages[0]?.items.map((operation) => (
                <li key={operation.id} className="row">
                  <OperationBadge state={operation.state} />
                  <Link to="/operations/$operation" params={{ operation: operation.id }}>
                    {operation.target.kind} {operation.target.name}
                  </Link>
                  <span className="muted small">
                    <Age value={operation.createTime} />
                  </span>
                </li>
              ))}
              {pages[0]?.items.length === 0 && <li className="muted">{t('overview.noOperations')}</li>}
            </ul>
          )}
        </Loaded>
      </Card>
    </>
  );
}
