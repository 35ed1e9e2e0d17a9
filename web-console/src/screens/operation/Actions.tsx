import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '@/api/client';
import { chainQuery, type Operation } from '@/api/queries';
import { Button, DangerDialog, useRefusal } from '@/kit';

/** What can be done about an operation: give up what it was making, and hand on what is known. */
export function Actions({ operation }: { operation: Operation }) {
  const { t } = useTranslation();
  const isMaking =
    operation.target.kind === 'Chain' && operation.type === 'create' && operation.state !== 'succeeded';
  return (
    <div className="row">
      {isMaking && operation.state !== 'cancelled' && <CleanUp name={operation.target.name} />}
      {operation.state !== 'succeeded' && <SupportBundle operation={operation} />}
      <span className="visually-hidden" role="status">
        {t(`state.operation.${operation.state}`)}
      </span>
    </div>
  );
}

function CleanUp({ name }: { name: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const refusal = useRefusal('chains:delete');
  const [isAsking, setAsking] = useState(false);
  const remove = async () => {
    const { operation } = await call(
      api.DELETE('/v1/chains/{name}', { params: { path: { name }, query: { purge: true } } }),
    );
    queries.invalidateQueries({ queryKey: ['chains'] });
    if (operation) navigate({ to: '/operations/$operation', params: { operation: operation.id } });
    else navigate({ to: '/chains' });
  };
  return (
    <>
      <Button look="danger" disabledReason={refusal} onClick={() => setAsking(true)}>
        {t('operation.cleanUp.button')}
      </Button>
      {isAsking && (
        <DangerDialog
          title={t('operation.cleanUp.title', { name })}
          name={name}
          effects={[
            t('operation.cleanUp.nodes'),
            t('operation.cleanUp.ledgers'),
            t('operation.cleanUp.keeps'),
          ]}
          action={t('operation.cleanUp.button')}
          onConfirm={remove}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}

/** Everything that a supporter asks for first. The API shows no secrets, so there are none in it. */
function SupportBundle({ operation }: { operation: Operation }) {
  const { t } = useTranslation();
  const isChain = operation.target.kind === 'Chain';
  const { data: chain } = useQuery({ ...chainQuery(operation.target.name), enabled: isChain, retry: false });
  const { data: version } = useQuery({ queryKey: ['version'], queryFn: () => call(api.GET('/v1/version')) });
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    const bundle = { version, time: new Date().toISOString(), page: window.location.href, operation, chain };
    await navigator.clipboard.writeText(JSON.stringify(bundle, null, 2));
    setCopied(true);
  };
  return (
    <Button onClick={copy}>
      <span aria-live="polite">{isCopied ? t('kit.copied') : t('operation.bundle')}</span>
    </Button>
  );
}
