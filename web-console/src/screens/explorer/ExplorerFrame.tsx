import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Outlet } from '@tanstack/react-router';
import { type FormEvent, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { chainQuery } from '@/api/queries';
import { Button } from '@/kit';
import './explorer.css';

const route = getRouteApi('/shell/chains/$chain/explorer/$channel');

/** The frame of the explorer: which channel, and what to look for. */
export function ExplorerFrame() {
  const { t } = useTranslation();
  const { chain, channel } = route.useParams();
  const navigate = route.useNavigate();
  const { data } = useQuery(chainQuery(chain));
  const channels = data?.status?.channels?.map(({ name }) => name) ?? [];
  return (
    <div className="stack">
      <div className="explorer-bar">
        <select
          className="input"
          aria-label={t('explorer.channel')}
          value={channel}
          onChange={({ target }) =>
            navigate({
              to: '/chains/$chain/explorer/$channel',
              params: { chain, channel: target.value },
            })
          }
        >
          {(channels.includes(channel) ? channels : [channel, ...channels]).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <Search key={`${chain} ${channel}`} chain={chain} channel={channel} />
      </div>
      <Outlet />
    </div>
  );
}

function Search({ chain, channel }: { chain: string; channel: string }) {
  const { t } = useTranslation();
  const navigate = route.useNavigate();
  const { q } = route.useSearch();
  const [wanted, setWanted] = useState(q ?? '');
  useEffect(() => {
    if (q !== undefined) setWanted(q);
  }, [q]);
  const search = (event: FormEvent) => {
    event.preventDefault();
    if (wanted.trim() === '') return;
    navigate({
      to: '/chains/$chain/explorer/$channel/search',
      params: { chain, channel },
      search: { q: wanted.trim() },
    });
  };
  return (
    <search className="grow">
      <form className="explorer-search" onSubmit={search}>
        <input
          className="input"
          type="search"
          aria-label={t('explorer.search.label')}
          placeholder={t('explorer.search.placeholder')}
          maxLength={1024}
          value={wanted}
          onChange={({ target }) => setWanted(target.value)}
        />
        <Button type="submit">{t('explorer.search.submit')}</Button>
      </form>
    </search>
  );
}
