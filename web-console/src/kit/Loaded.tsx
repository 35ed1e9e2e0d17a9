import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Failure, Loading, Stale } from './states';

type LoadedProps<T> = {
  query: Pick<UseQueryResult<T>, 'data' | 'error' | 'isPending' | 'dataUpdatedAt' | 'refetch'>;
  lines?: number;
  children: (data: T) => ReactNode;
};

/** Shows what a query gives: loading, failed, there, or there but old because the last attempt failed. */
export function Loaded<T>({ query, lines, children }: LoadedProps<T>) {
  const { data, error, isPending, dataUpdatedAt, refetch } = query;
  if (data !== undefined) {
    return (
      <>
        {error && <Stale since={dataUpdatedAt} onRefresh={() => refetch()} />}
        {children(data)}
      </>
    );
  }
  if (isPending) return <Loading {...(lines && { lines })} />;
  return <Failure error={error} onRetry={() => refetch()} />;
}
