import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Failure, Loading, Stale } from './states';

type LoadedProps<T> = {
  query: Pick<UseQueryResult<T>, 'data' | 'error' | 'isPending' | 'dataUpdatedAt' | 'refetch'>;
  lines?: number;
  /** It is all that the screen has, so that what is in its place gets the screen's title. */
  isPage?: boolean;
  children: (data: T) => ReactNode;
};

/** Shows what a query gives: loading, failed, there, or there but old because the last attempt failed. */
export function Loaded<T>({ query, lines, isPage, children }: LoadedProps<T>) {
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
  return <Failure error={error} onRetry={() => refetch()} isPage={isPage} />;
}
