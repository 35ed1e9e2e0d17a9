import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api } from '@/api/client';
import { eventsOf } from '@/api/events';
import { ApiError } from '@/api/problem';
import { useTurn } from '@/api/turns';
import { type Block, blockQuery, type Channel, growing } from './ledger';

/** How long to wait before the stream is opened again, and how often to ask while it cannot be. */
const AGAIN = 2_000;
/** Blocks that come closer together than this are taken in at once. */
const TOGETHER = 400;

/**
 * Follows a channel: each block that comes is the newest one, and what grows with the ledger is asked again. Answers whether
 * blocks come by themselves; while they do not, the lists are asked every two seconds.
 */
export function useLive(of: Channel): boolean {
  const queries = useQueryClient();
  const [isLive, setLive] = useState(true);
  const mayStream = useTurn();
  const { chain, channel } = of;

  useEffect(() => {
    const stop = new AbortController();
    const here = { chain, channel };
    let waiting: ReturnType<typeof setTimeout> | undefined;
    const refresh = () => {
      waiting = undefined;
      // Whoever has read on to older pages keeps them: they do not change. Nor is the second page lost on its way.
      queries.invalidateQueries({
        queryKey: growing(here),
        predicate: ({ state }) =>
          ((state.data as { pages?: unknown[] })?.pages?.length ?? 1) <= 1 && !state.fetchMeta?.fetchMore,
      });
    };
    const ask = () => {
      queries.invalidateQueries({ queryKey: blockQuery(here, 'newest').queryKey });
      refresh();
    };
    // Blocks that came while this tab had no stream.
    ask();
    if (!mayStream) {
      const asking = setInterval(ask, AGAIN);
      return () => clearInterval(asking);
    }
    const follow = async () => {
      let last = '';
      while (!stop.signal.aborted) {
        try {
          for await (const event of open(here, last, stop.signal)) {
            setLive(true);
            last = event.id;
            queries.setQueryData(blockQuery(here, 'newest').queryKey, JSON.parse(event.data) as Block);
            waiting ??= setTimeout(refresh, TOGETHER);
          }
        } catch {
          // The lists say what is wrong; here it only matters that no blocks come.
        }
        if (stop.signal.aborted) return;
        setLive(false);
        await pause(AGAIN, stop.signal);
        ask();
      }
    };
    follow();
    return () => {
      stop.abort();
      clearTimeout(waiting);
    };
  }, [chain, channel, queries, mayStream]);

  return isLive && mayStream;
}

async function* open(path: Channel, last: string, signal: AbortSignal) {
  const { data, error, response } = await api.GET('/v1/chains/{chain}/channels/{channel}/events', {
    params: { path, header: last ? { 'Last-Event-ID': last } : {} },
    parseAs: 'stream',
    signal,
  });
  if (!response.ok || !data) throw ApiError.of(response, error);
  yield* eventsOf(data);
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      done();
    });
  });
}
