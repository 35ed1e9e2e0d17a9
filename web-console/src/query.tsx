import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ApiError } from './api/problem';

/** What the server has refused stays refused; what did not arrive is tried again. */
const isPassing = (error: unknown) =>
  error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);

/** The query cache: beside the URL, the only place where the console keeps what it knows. */
export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onError(error) {
      // The session has ended meanwhile: every screen finds out at once.
      if (error instanceof ApiError && error.status === 401) {
        queryClient.setQueryData(['session'], null);
        const here = window.location.pathname + window.location.search;
        if (!here.startsWith('/sign-in'))
          window.location.assign(`/sign-in?returnTo=${encodeURIComponent(here)}`);
      }
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, error) => isPassing(error) && failures < 2,
      retryDelay: (attempt, error) =>
        error instanceof ApiError && error.retryAfter
          ? error.retryAfter * 1000
          : Math.min(500 * 2 ** attempt, 5_000),
    },
  },
});

export function QueryProvider({ children }: { children: ReactNode }) {
  return <QueryClientProvider client={queryClient}>{children}</QueryClientProvider>;
}
