import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Navigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { chainQuery } from '@/api/queries';
import { Loaded, NotReady } from '@/kit';

const route = getRouteApi('/shell/chains/$chain/explorer');

/** Goes on to the chain's first channel, where it has one. */
export function ExplorerStart() {
  const { t } = useTranslation();
  const { chain } = route.useParams();
  const query = useQuery({
    ...chainQuery(chain),
    refetchInterval: ({ state }) => (state.data?.status?.channels?.length ? false : 2_000),
  });
  return (
    <Loaded query={query}>
      {({ status }) => {
        const channel = status?.channels?.[0]?.name;
        if (channel === undefined) return <NotReady text={t('explorer.noChannel')} />;
        return <Navigate to="/chains/$chain/explorer/$channel" params={{ chain, channel }} replace />;
      }}
    </Loaded>
  );
}
