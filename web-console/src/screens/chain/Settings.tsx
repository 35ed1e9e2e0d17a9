import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, once } from '@/api/client';
import { type Chain, chainQuery } from '@/api/queries';
import { Button, Card, DangerDialog, Loaded, Problem, Time, useRefusal } from '@/kit';
import { queryClient } from '@/query';

const route = getRouteApi('/shell/chains/$chain/settings');

/** What can be changed of a chain, the dangerous things last. */
export function Settings() {
  const { chain: name } = route.useParams();
  const query = useQuery(chainQuery(name));
  return (
    <Loaded query={query}>
      {(chain) => (
        <div className="stack">
          <Protection chain={chain} />
          {chain.purgeTime ? (
            <Recycled chain={chain} purgeTime={chain.purgeTime} />
          ) : (
            <Deletion chain={chain} />
          )}
        </div>
      )}
    </Loaded>
  );
}

const refresh = () => queryClient.invalidateQueries({ queryKey: ['chains'] });

/** Sends a change, and keeps what came of it. */
function useChange() {
  const [operation, setOperation] = useState<string>();
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const change = async (send: () => Promise<{ operation?: { id: string } | null }>) => {
    setBusy(true);
    setError(undefined);
    try {
      const accepted = await send();
      setOperation(accepted.operation?.id);
      await refresh();
    } catch (caught) {
      setError(caught);
    }
    setBusy(false);
  };
  return { operation, error, isBusy, change };
}

function Outcome({ operation, error }: { operation: string | undefined; error: unknown }) {
  const { t } = useTranslation();
  return (
    <>
      {error !== undefined && <Problem error={error} />}
      {operation && (
        <Link to="/operations/$operation" params={{ operation }}>
          {t('chain.followOperation')}
        </Link>
      )}
    </>
  );
}

function Protection({ chain }: { chain: Chain }) {
  const { t } = useTranslation();
  const refusal = useRefusal('chains:write');
  const { isBusy, change, ...outcome } = useChange();
  const isOn = chain.spec.deletionProtection ?? false;
  // The document cannot say that a patch has the fields of the spec.
  const patch: Partial<Chain['spec']> = { deletionProtection: !isOn };
  const toggle = () =>
    change(() =>
      call(
        api.PATCH('/v1/chains/{name}', {
          params: { path: { name: chain.name }, header: { 'If-Match': chain.etag } },
          body: { spec: patch as Record<string, never> },
          headers: { 'Content-Type': 'application/merge-patch+json' },
        }),
      ),
    );
  return (
    <Card title={t('chain.settings.protection')}>
      <div className="stack">
        <p>{isOn ? t('chain.settings.protected') : t('chain.settings.unprotected')}</p>
        <div>
          <Button busy={isBusy} disabledReason={refusal} onClick={toggle}>
            {isOn ? t('chain.settings.protectionOff') : t('chain.settings.protectionOn')}
          </Button>
        </div>
        <Outcome {...outcome} />
      </div>
    </Card>
  );
}

const deletableQuery = (chain: Chain) => ({
  queryKey: ['chains', chain.name, 'deletable', chain.etag],
  queryFn: () => call(api.GET('/v1/chains/{name}:deletable', { params: { path: { name: chain.name } } })),
});

function Deletion({ chain }: { chain: Chain }) {
  const { t } = useTranslation();
  const refusal = useRefusal('chains:delete');
  const [isOpen, setOpen] = useState(false);
  const { data } = useQuery(deletableQuery(chain));
  const blockers = data?.blockers ?? [];
  const remove = async () => {
    await call(
      api.DELETE('/v1/chains/{name}', {
        params: { path: { name: chain.name }, header: { 'If-Match': chain.etag } },
        headers: once(),
      }),
    );
    await refresh();
  };
  const reason = refusal ?? (blockers.length > 0 ? t('chain.settings.blocked') : undefined);
  return (
    <Card title={t('chain.settings.danger')}>
      <div className="stack">
        <p>{t('chain.settings.deleteText')}</p>
        {blockers.map(({ code, detail, hint }) => (
          <div key={`${code} ${detail}`} className="notice notice-warn">
            <span>{detail}</span>
            {hint && <span className="muted">{hint}</span>}
          </div>
        ))}
        <div>
          <Button look="danger" disabledReason={reason} onClick={() => setOpen(true)}>
            {t('chain.settings.delete')}
          </Button>
        </div>
      </div>
      {isOpen && (
        <DangerDialog
          title={t('chain.settings.deleteTitle', { name: chain.name })}
          name={chain.name}
          effects={[
            t('chain.settings.effectNodes'),
            t('chain.settings.effectLedgers'),
            t('chain.settings.effectBack'),
          ]}
          action={t('chain.settings.delete')}
          onConfirm={remove}
          onClose={() => setOpen(false)}
        />
      )}
    </Card>
  );
}

/** It lies in the recycle bin: until when, and the way back. */
function Recycled({ chain, purgeTime }: { chain: Chain; purgeTime: string }) {
  const { t } = useTranslation();
  const refusal = useRefusal('chains:delete');
  const { isBusy, change, ...outcome } = useChange();
  const bringBack = () =>
    change(() =>
      call(
        api.POST('/v1/chains/{name}:undelete', {
          params: { path: { name: chain.name } },
          headers: once(),
        }),
      ),
    );
  return (
    <Card title={t('chain.settings.recycled')}>
      <div className="stack">
        <p>
          {t('chain.settings.recycledText')} <Time value={purgeTime} />
        </p>
        <div>
          <Button look="primary" busy={isBusy} disabledReason={refusal} onClick={bringBack}>
            {t('chain.settings.undelete')}
          </Button>
        </div>
        <Outcome {...outcome} />
      </div>
    </Card>
  );
}
