import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, once } from '@/api/client';
import { type Operation, operationQuery } from '@/api/queries';
import { Button, DangerDialog, Problem, useRefusal } from '@/kit';
import { download } from '@/kit/download';
import { isStuck } from './steps';
import { supportBundle } from './supportBundle';

/** What can be done about an operation: try again what failed, give up what it was making, hand on what is known. */
export function Actions({ operation }: { operation: Operation }) {
  const { t } = useTranslation();
  const isMaking =
    operation.target.kind === 'Chain' && operation.type === 'create' && operation.state !== 'succeeded';
  return (
    <div className="row">
      {operation.state === 'running' && operation.steps.some(isStuck) && <Retry operation={operation} />}
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

/** Something keeps a step from its end. The operator tries it by itself, ever later: this is for whoever has mended the cause. */
function Retry({ operation }: { operation: Operation }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const retry = useMutation({
    mutationFn: () =>
      call(
        api.POST('/v1/operations/{operation}:retry', {
          params: { path: { operation: operation.id } },
          headers: once(),
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: operationQuery(operation.id).queryKey }),
  });
  return (
    <>
      <Button look="primary" busy={retry.isPending} onClick={() => retry.mutate()}>
        {t('operation.retry')}
      </Button>
      {retry.error && <Problem error={retry.error} />}
    </>
  );
}

function SupportBundle({ operation }: { operation: Operation }) {
  const { t } = useTranslation();
  const bundle = useMutation({
    mutationFn: async () =>
      download(`support-${operation.id}.json`, 'application/json', await supportBundle(operation)),
  });
  return (
    <Button busy={bundle.isPending} onClick={() => bundle.mutate()}>
      {t('operation.bundle')}
    </Button>
  );
}
