import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schemas } from '@/api/client';
import { listOptions, present } from '@/api/queries';
import { useMay } from '@/api/session';
import {
  Age,
  Button,
  type Column,
  DangerDialog,
  DataTable,
  Dialog,
  Empty,
  Forbidden,
  PageHead,
  Problem,
  ShownOnce,
  Time,
} from '@/kit';
import { DeveloperTabs } from './DeveloperTabs';
import { NewApiKey } from './NewApiKey';

export type ApiKey = Schemas['ApiKeyView'];

const apiKeysQuery = listOptions(['api-keys'], (pageToken) =>
  call(api.GET('/v1/api-keys', { params: { query: present({ pageToken }) } })),
);

/** Hours for which a rotated key is good beside the new one. */
const OVERLAP_HOURS = 24;

/** What programs sign in with. */
export function ApiKeys() {
  const { t } = useTranslation();
  const mayManage = useMay('keys:manage');
  const [isNew, setNew] = useState(false);
  const create = (
    <Button look="primary" onClick={() => setNew(true)}>
      {t('developers.new.button')}
    </Button>
  );
  return (
    <>
      <PageHead title={t('developers.title')} text={t('developers.text')}>
        {mayManage && create}
      </PageHead>
      <DeveloperTabs />
      {mayManage ? <Keys>{create}</Keys> : <Forbidden scope="keys:manage" />}
      {isNew && <NewApiKey onClose={() => setNew(false)} />}
    </>
  );
}

function Keys({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const query = useInfiniteQuery(apiKeysQuery);
  const [gone, setGone] = useState<ApiKey>();
  const rotate = useMutation({
    mutationFn: (id: string) =>
      call(
        api.POST('/v1/api-keys/{id}:rotate', {
          params: { path: { id } },
          body: { overlapHours: OVERLAP_HOURS },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['api-keys'] }),
  });
  const columns: Column<ApiKey>[] = [
    {
      id: 'name',
      head: t('developers.name'),
      cell: ({ name, id }) => (
        <>
          <strong>{name}</strong>
          <div className="muted mono">{id}</div>
        </>
      ),
    },
    { id: 'scopes', head: t('developers.scopes'), cell: ({ scopes }) => <code>{scopes.join(' ')}</code> },
    {
      id: 'chains',
      head: t('developers.chains'),
      cell: ({ chains }) => chains?.join(', ') ?? t('developers.allChains'),
    },
    { id: 'expires', head: t('developers.expires'), cell: ({ expireTime }) => <Time value={expireTime} /> },
    {
      id: 'used',
      head: t('developers.used'),
      cell: ({ useTime }) => (useTime ? <Age value={useTime} /> : t('developers.never')),
    },
    {
      id: 'actions',
      head: t('developers.actions'),
      cell: (key) => (
        <span className="row">
          <Button
            size="small"
            busy={rotate.isPending && rotate.variables === key.id}
            onClick={() => rotate.mutate(key.id)}
          >
            {t('developers.rotate.button')}
          </Button>
          <Button size="small" look="danger" onClick={() => setGone(key)}>
            {t('developers.delete.button')}
          </Button>
        </span>
      ),
    },
  ];
  return (
    <div className="stack">
      {rotate.error && <Problem error={rotate.error} />}
      <DataTable
        label={t('developers.title')}
        query={query}
        columns={columns}
        rowKey={({ id }) => id}
        empty={
          <Empty title={t('developers.empty.title')} text={t('developers.empty.text')}>
            {children}
          </Empty>
        }
      />
      {rotate.data?.key && (
        <Dialog title={t('developers.key', { name: rotate.data.name })} onClose={rotate.reset}>
          <ShownOnce
            label={t('developers.key', { name: rotate.data.name })}
            secret={rotate.data.key}
            text={t('developers.rotate.text', { hours: OVERLAP_HOURS })}
            onDone={rotate.reset}
          />
        </Dialog>
      )}
      {gone && (
        <DangerDialog
          title={t('developers.delete.title', { name: gone.name })}
          name={gone.name}
          effects={[t('developers.delete.effect')]}
          action={t('developers.delete.button')}
          onClose={() => setGone(undefined)}
          onConfirm={async () => {
            await call(api.DELETE('/v1/api-keys/{id}', { params: { path: { id: gone.id } } }));
            await queries.invalidateQueries({ queryKey: ['api-keys'] });
          }}
        />
      )}
    </div>
  );
}
