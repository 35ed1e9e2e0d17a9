/** Who is signed in, and what they may do. */
import { queryOptions, useQuery } from '@tanstack/react-query';
import { api, call, rememberCsrfToken, type Schemas } from './client';
import { ApiError } from './problem';

export type Session = Schemas['SessionView'];

/** The session of this browser; `null` when nobody is signed in. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async (): Promise<Session | null> => {
    try {
      const session = await call(api.GET('/v1/session'));
      rememberCsrfToken(session.csrfToken);
      return session;
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});

/** The session, in screens that only signed-in people reach. */
export function useSession(): Session {
  const { data } = useQuery(sessionQuery);
  if (!data) throw new Error('this screen is shown without a session');
  return data;
}

/** Whether the caller holds a scope, such as `chains:write`. */
export function useMay(scope: string): boolean {
  return useSession().scopes.includes(scope);
}
