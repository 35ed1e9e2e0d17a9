import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api } from '@/api/client';
import { eventsOf } from '@/api/events';
import { ApiError } from '@/api/problem';
import { type Operation, operationQuery } from '@/api/queries';
import { useTurn } from '@/api/turns';

/** How often to ask while no events come. */
const POLL = 2_000;
/** How many failures in a row before that. */
const PATIENCE = 2;

export const hasEnded = (operation: Operation | undefined) =>
  operation !== undefined && ['succeeded', 'failed', 'cancelled'].includes(operation.state);

/**
 * An operation, live: by server-sent events, resumed behind the last one that came; by asking every two seconds while they do not
 * come, which `isPaused` tells.
 */
export function useOperation(id: string) {
  const queries = useQueryClient();
  const [isCut, setCut] = useState(false);
  const mayStream = useTurn();
  const isPaused = isCut || !mayStream;
  const query = useQuery({
    ...operationQuery(id),
    refetchInterval: ({ state }) => (isPaused && !hasEnded(state.data) ? POLL : false),
  });

  useEffect(() => {
    if (!mayStream) return;
    const stop = new AbortController();
    const { queryKey } = operationQuery(id);
    let last = '';
    let failures = 0;
    const follow = async () => {
      while (!stop.signal.aborted && !hasEnded(queries.getQueryData(queryKey))) {
        try {
          for await (const event of open(id, last, stop.signal)) {
            last = event.id;
            failures = 0;
            setCut(false);
            queries.setQueryData(queryKey, JSON.parse(event.data) as Operation);
          }
        } catch (error) {
          if (stop.signal.aborted || isFinal(error)) return;
        }
        failures += 1;
        if (failures >= PATIENCE) setCut(true);
        await pause(Math.min(failures * 500, 5_000), stop.signal);
      }
      setCut(false);
    };
    follow();
    return () => stop.abort();
  }, [id, queries, mayStream]);

  return { query, isPaused };
}

async function* open(operation: string, last: string, signal: AbortSignal) {
  const { data, error, response } = await api.GET('/v1/operations/{operation}/events', {
    params: { path: { operation }, header: last ? { 'Last-Event-ID': last } : {} },
    parseAs: 'stream',
    signal,
  });
  if (!response.ok || !data) throw ApiError.of(response, error);
  yield* eventsOf(data);
}

/** The query asks for itself and shows why: there is nothing to follow. */
const isFinal = (error: unknown) =>
  error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429;

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      done();
    });
  });
}
