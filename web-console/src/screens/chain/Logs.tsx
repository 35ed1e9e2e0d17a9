import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '@/api/client';
import { eventsOf } from '@/api/events';
import { ApiError } from '@/api/problem';
import { useTurn } from '@/api/turns';
import { Button, Check, Problem } from '@/kit';
import { download } from '@/kit/download';

/** Lines that are shown; older ones are in the download. */
const SHOWN = 500;
/** Lines that are downloaded; the API gives no more. */
const MOST = 10_000;

/** The log of a node: its last lines, new ones as they come, all of it as a file. */
export function Logs({ chain, node }: { chain: string; node: string }) {
  const { t } = useTranslation();
  const [lines, setLines] = useState<string[]>([]);
  const [isFollowed, setFollowed] = useState(false);
  const [error, setError] = useState<unknown>();
  const mayStream = useTurn();
  const end = useRef<HTMLElement>(null);

  useEffect(() => {
    const stop = new AbortController();
    const add = (more: string[]) => setLines((known) => [...known, ...more].slice(-SHOWN));
    const show = async () => {
      setLines([]);
      setError(undefined);
      try {
        if (!isFollowed || !mayStream) {
          add(split(await text(chain, node, SHOWN, stop.signal)));
          return;
        }
        for await (const line of followed(chain, node, stop.signal)) add([line]);
      } catch (caught) {
        if (!stop.signal.aborted) setError(caught);
      }
    };
    show();
    return () => stop.abort();
  }, [chain, node, isFollowed, mayStream]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the newest line is shown whenever one comes
  useEffect(() => {
    end.current?.scrollTo({ top: end.current.scrollHeight });
  }, [lines]);

  const save = async () => {
    try {
      download(`${chain}-${node}.log`, 'text/plain', await text(chain, node, MOST));
    } catch (caught) {
      setError(caught);
    }
  };
  return (
    <div className="stack-s">
      <div className="row row-apart">
        <h3>{t('chain.logs.title')}</h3>
        <div className="row">
          <Check
            label={t('chain.logs.follow')}
            checked={isFollowed}
            onChange={({ target }) => setFollowed(target.checked)}
          />
          <Button size="small" onClick={save}>
            {t('chain.logs.download')}
          </Button>
        </div>
      </div>
      {error !== undefined && <Problem error={error} />}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
      <section ref={end} className="code" tabIndex={0} aria-label={t('chain.logs.title')}>
        <pre>{lines.length > 0 ? lines.join('\n') : t('chain.logs.none')}</pre>
      </section>
    </div>
  );
}

const split = (log: string) => log.split('\n').filter((line) => line !== '');

function text(chain: string, node: string, tail: number, signal?: AbortSignal): Promise<string> {
  return call(
    api.GET('/v1/chains/{chain}/nodes/{node}/logs', {
      params: { path: { chain, node }, query: { tail } },
      parseAs: 'text',
      ...(signal && { signal }),
    }),
  ) as Promise<string>;
}

async function* followed(chain: string, node: string, signal: AbortSignal) {
  const { data, error, response } = await api.GET('/v1/chains/{chain}/nodes/{node}/logs', {
    params: { path: { chain, node }, query: { tail: 100, follow: true } },
    parseAs: 'stream',
    signal,
  });
  if (!response.ok || !data) throw ApiError.of(response, error);
  for await (const event of eventsOf(data as ReadableStream<Uint8Array>)) yield event.data;
}
