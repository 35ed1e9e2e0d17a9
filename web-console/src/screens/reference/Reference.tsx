import { queryOptions, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useDeferredValue, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '@/api/client';
import { narrowed } from '@/api/queries';
import { Loaded, NoMatch, PageHead } from '@/kit';
import { DeveloperTabs } from '../developers/DeveloperTabs';
import { type Document, grouped, type Operation, operationsOf } from './document';
import { Method, OperationDetail } from './OperationDetail';
import './reference.css';

const route = getRouteApi('/shell/developers/reference');

/** The document that this platform serves; it changes with the platform's version alone. */
const documentQuery = queryOptions({
  queryKey: ['openapi'],
  queryFn: async () => {
    const document: unknown = await call(api.GET('/v1/openapi.json'));
    return document as Document;
  },
  staleTime: Number.POSITIVE_INFINITY,
});

/** Everything that the API does, as the platform itself tells it. */
export function Reference() {
  const { t } = useTranslation();
  const query = useQuery(documentQuery);
  return (
    <>
      <PageHead title={t('reference.title')} text={t('reference.text')}>
        <a className="button" href="/v1/openapi.json" download="openapi.json">
          {t('reference.download')}
        </a>
      </PageHead>
      <DeveloperTabs />
      <Loaded query={query} lines={10}>
        {(document) => <Operations document={document} />}
      </Loaded>
    </>
  );
}

function Operations({ document }: { document: Document }) {
  const { t } = useTranslation();
  const { q = '', operation: wanted } = route.useSearch();
  const navigate = route.useNavigate();
  const operations = useMemo(() => operationsOf(document), [document]);
  const deferred = useDeferredValue(q);
  const groups = useMemo(() => grouped(operations, deferred), [operations, deferred]);
  const open = operations.find(({ id }) => id === wanted) ?? groups[0]?.[1][0];
  return (
    <div className="reference" data-chosen={wanted !== undefined}>
      <div className="reference-list">
        <input
          className="input"
          type="search"
          aria-label={t('reference.search')}
          placeholder={t('reference.search')}
          value={q}
          onChange={({ target }) => navigate({ search: narrowed('q', target.value), replace: true })}
        />
        <p className="muted small" role="status">
          {t('reference.count', { count: groups.reduce((sum, [, all]) => sum + all.length, 0) })}
        </p>
        {groups.length === 0 ? (
          <NoMatch onClear={() => navigate({ search: {} })} />
        ) : (
          <nav aria-label={t('reference.operations')}>
            {groups.map(([tag, all]) => (
              <Group key={tag} tag={tag} operations={all} open={open} q={q} />
            ))}
          </nav>
        )}
      </div>
      {open && <OperationDetail operation={open} schemas={document.components?.schemas ?? {}} q={q} />}
    </div>
  );
}

type GroupProps = { tag: string; operations: Operation[]; open: Operation | undefined; q: string };

function Group({ tag, operations, open, q }: GroupProps) {
  return (
    <section className="reference-group">
      <h2 lang="en">{tag}</h2>
      <ul>
        {operations.map(({ id, method, path, summary }) => (
          <li key={id}>
            <Link
              to="/developers/reference"
              search={{ ...(q && { q }), operation: id }}
              resetScroll={false}
              activeProps={{}}
              className={id === open?.id ? 'reference-link active' : 'reference-link'}
              {...(id === open?.id && { 'aria-current': 'true' as const })}
              title={summary}
            >
              <Method name={method} />
              <span className="mono">{path.replace(/^\/v1/, '')}</span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
