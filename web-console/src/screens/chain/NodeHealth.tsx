import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Age, Badge, type Column, Loaded, Partial, Table, Time } from '@/kit';
import { type NodeDetail, nodeQuery } from './queries';

/** What a node says when it is asked. */
export function NodeHealth({ chain, node }: { chain: string; node: string }) {
  const query = useQuery(nodeQuery(chain, node));
  return (
    <Loaded query={query}>
      {(detail) => (
        <div className="stack">
          <Partial names={detail.unreachable ?? []} />
          <Conditions detail={detail} />
          <Channels detail={detail} />
          <Events detail={detail} />
        </div>
      )}
    </Loaded>
  );
}

function Conditions({ detail }: { detail: NodeDetail }) {
  const { t, i18n } = useTranslation();
  if (detail.conditions.length === 0) return null;
  const word = (type: string) =>
    i18n.exists(`chain.nodes.condition.${type}`)
      ? t(`chain.nodes.condition.${type}` as 'chain.nodes.condition.Ready')
      : type;
  return (
    <section className="stack-s">
      <h3>{t('chain.nodes.conditions')}</h3>
      <ul className="node-conditions">
        {detail.conditions.map(({ type, status, message, since }) => (
          <li key={type}>
            <Badge tone={status === 'True' ? 'ok' : 'bad'}>{word(type)}</Badge>
            <span className="small muted">
              {message} {since && <Age value={since} />}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Channels({ detail }: { detail: NodeDetail }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (detail.channels.length === 0) return null;
  const number = (value: number | null | undefined) => (value == null ? '–' : format.number(value));
  const columns: Column<NodeDetail['channels'][number]>[] = [
    {
      id: 'name',
      head: t('chain.channels.name'),
      cell: ({ name, leader }) => (
        <>
          {name} {leader && <Badge plain>{t('chain.topology.leads')}</Badge>}
        </>
      ),
    },
    {
      id: 'height',
      head: t('chain.figures.height'),
      align: 'end',
      cell: ({ height }) => number(height),
    },
    { id: 'lag', head: t('chain.nodes.lag'), align: 'end', cell: ({ lag }) => number(lag) },
  ];
  return (
    <Table
      label={t('chain.tabs.channels')}
      columns={columns}
      rows={detail.channels}
      rowKey={({ name }) => name}
    />
  );
}

function Events({ detail }: { detail: NodeDetail }) {
  const { t } = useTranslation();
  return (
    <section className="stack-s">
      <h3>{t('chain.nodes.events')}</h3>
      {detail.events.length === 0 && <p className="muted small">{t('chain.nodes.noEvents')}</p>}
      <ul className="stack-s">
        {detail.events.map(({ time, reason, message }) => (
          <li key={`${time} ${reason}`} className="small">
            <Time value={time} /> · {message}
          </li>
        ))}
      </ul>
    </section>
  );
}
