import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { narrowed } from '@/api/queries';
import { useFormat } from '@/i18n/format';
import { Badge, Button, type Column, DataTable, Empty, SearchFilter, StateBadge, Time } from '@/kit';
import { DeleteRelease } from './DeleteRelease';
import { type NodeRelease, releasesQuery } from './queries';
import { ReleaseForm } from './ReleaseForm';
import { Section } from './Section';

const route = getRouteApi('/shell/admin/releases');

type Open = { what: 'new' } | { what: 'change' | 'delete'; release: NodeRelease };

/** The node software that chains may run. */
export function Releases() {
  const { t } = useTranslation();
  const format = useFormat();
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(releasesQuery(filter));
  const [open, setOpen] = useState<Open>();
  const close = () => setOpen(undefined);
  const create = (
    <Button look="primary" onClick={() => setOpen({ what: 'new' })}>
      {t('admin.releases.new')}
    </Button>
  );
  const columns: Column<NodeRelease>[] = [
    {
      id: 'name',
      head: t('admin.releases.name'),
      cell: ({ name, spec }) => (
        <span className="row">
          <strong className="mono">{name}</strong>
          {spec.default && <Badge tone="busy">{t('admin.releases.default')}</Badge>}
        </span>
      ),
    },
    {
      id: 'engine',
      head: t('admin.releases.engine'),
      cell: ({ spec }) => `${t(`admin.releases.engines.${spec.engine}`)} ${spec.version}`,
    },
    { id: 'state', head: t('admin.state'), cell: ({ state }) => <StateBadge state={state} /> },
    {
      id: 'end',
      head: t('admin.releases.endOfLife'),
      cell: ({ spec }) => <EndOfLife time={spec.endOfLifeTime} />,
    },
    {
      id: 'chains',
      head: t('usage.kind.chains'),
      align: 'end',
      cell: ({ status }) => format.number(status?.chains ?? 0),
    },
    {
      id: 'actions',
      head: t('admin.actions'),
      cell: (release) => (
        <span className="row">
          <Button size="small" onClick={() => setOpen({ what: 'change', release })}>
            {t('admin.change')}
          </Button>
          <Button size="small" look="danger" onClick={() => setOpen({ what: 'delete', release })}>
            {t('admin.delete.button')}
          </Button>
        </span>
      ),
    },
  ];
  return (
    <Section title={t('admin.releases.title')} text={t('admin.releases.text')} actions={create}>
      <search className="row">
        <SearchFilter
          label={t('admin.search')}
          value={filter.q}
          onChange={(value) => navigate({ search: narrowed('q', value), replace: true })}
        />
      </search>
      <DataTable
        label={t('admin.releases.title')}
        query={query}
        columns={columns}
        rowKey={({ uid }) => uid}
        empty={
          <Empty title={t('admin.releases.empty')} text={t('admin.releases.text')}>
            {create}
          </Empty>
        }
        onClearFilter={filter.q || filter.state ? () => navigate({ search: {} }) : undefined}
      />
      {open?.what === 'new' && <ReleaseForm onClose={close} />}
      {open?.what === 'change' && <ReleaseForm release={open.release} onClose={close} />}
      {open?.what === 'delete' && <DeleteRelease release={open.release} onClose={close} />}
    </Section>
  );
}

/** Until when a release may be chosen for chains. */
function EndOfLife({ time }: { time: string | null | undefined }) {
  const { t } = useTranslation();
  if (!time) return <span className="muted">–</span>;
  if (new Date(time) <= new Date()) return <Badge tone="warn">{t('admin.releases.ended')}</Badge>;
  return <Time value={time} />;
}
