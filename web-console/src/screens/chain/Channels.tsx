import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { chainQuery } from '@/api/queries';
import { useFormat } from '@/i18n/format';
import { type Column, Empty, Loaded, StateBadge, Table } from '@/kit';

const route = getRouteApi('/shell/chains/$chain/channels');

/** The ledgers inside a chain, and who shares each. */
export function Channels() {
  const { t } = useTranslation();
  const format = useFormat();
  const { chain } = route.useParams();
  const query = useQuery(chainQuery(chain));
  const columns: Column<Schemas['ChannelStatus']>[] = [
    {
      id: 'name',
      head: t('chain.channels.name'),
      cell: ({ name }) => (
        <Link to="/chains/$chain/explorer/$channel" params={{ chain, channel: name }}>
          <strong>{name}</strong>
        </Link>
      ),
    },
    {
      id: 'state',
      head: t('chain.state'),
      cell: ({ state }) => (state ? <StateBadge state={state} /> : '–'),
    },
    { id: 'members', head: t('chain.tabs.members'), cell: ({ members = [] }) => format.list(members) },
    {
      id: 'orderers',
      head: t('chain.channels.orderers'),
      cell: ({ orderers = [] }) => format.list(orderers),
    },
    {
      id: 'height',
      head: t('chain.figures.height'),
      align: 'end',
      cell: ({ height }) => (height == null ? '–' : format.number(height)),
    },
    {
      id: 'config',
      head: t('chain.channels.config'),
      align: 'end',
      cell: ({ configSequence }) => format.number(configSequence ?? 0),
    },
  ];
  return (
    <Loaded query={query}>
      {({ status }) => {
        const channels = status?.channels ?? [];
        if (channels.length === 0)
          return <Empty title={t('chain.channels.none')} text={t('chain.channels.noneText')} />;
        return (
          <Table
            label={t('chain.tabs.channels')}
            columns={columns}
            rows={channels}
            rowKey={({ name }) => name}
          />
        );
      }}
    </Loaded>
  );
}
