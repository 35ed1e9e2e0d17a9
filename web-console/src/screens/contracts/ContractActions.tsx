import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { Button, DangerDialog, Dialog, DialogForm, useRefusal } from '@/kit';
import { DefinitionDiff } from './DefinitionDiff';
import { SourceFields, TermFields } from './DefinitionFields';
import { type Change, changesBetween, definitionOf, draftOf, replacing } from './definition';
import { type Contract, calledName, sourceOf } from './queries';

/** Label of contracts that a chain's own spec defines; a change made here would be taken back. */
const MANAGED_BY = 'app.kubernetes.io/managed-by';

/** What can be done to a contract. */
export function ContractActions({ contract }: { contract: Contract }) {
  const { t } = useTranslation();
  const refusal = useRefusal('contracts:deploy');
  const [open, setOpen] = useState<'upgrade' | 'delete'>();
  const isOfChain = contract.labels?.[MANAGED_BY] === 'entente-operator';
  const reason = refusal ?? (isOfChain ? t('contracts.ofChain', { chain: contract.spec.chain }) : undefined);
  const close = () => setOpen(undefined);
  return (
    <>
      <Button onClick={() => setOpen('upgrade')} disabledReason={reason}>
        {t('contracts.upgrade.button')}
      </Button>
      <Button look="danger" onClick={() => setOpen('delete')} disabledReason={reason}>
        {t('contracts.delete.button')}
      </Button>
      {open === 'upgrade' && <Upgrade contract={contract} onClose={close} />}
      {open === 'delete' && <Delete contract={contract} onClose={close} />}
    </>
  );
}

/** What members agree on anew under the next sequence; settings are the service's alone. */
const isAgreed = ({ field }: Change) => !field.startsWith('settings.');

/** The sequence counts up by itself with what the members agree on. */
function withSequence({ status }: Contract, changes: Change[]): Change[] {
  const sequence = status?.sequence;
  if (sequence == null || !changes.some(isAgreed)) return changes;
  return [{ field: 'sequence', from: String(sequence), to: String(sequence + 1) }, ...changes];
}

function Upgrade({ contract, onClose }: { contract: Contract; onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [before] = useState(() => draftOf(contract.spec, sourceOf(contract.spec).kind));
  const [draft, setDraft] = useState(before);
  const change = (part: Partial<typeof draft>) => setDraft((current) => ({ ...current, ...part }));
  const [old, next] = [definitionOf(before), definitionOf(draft)];
  const changes = changesBetween(old, next);
  const save = useMutation({
    mutationFn: () =>
      call(
        api.PATCH('/v1/contracts/{name}', {
          params: { path: { name: contract.name }, header: { 'If-Match': contract.etag } },
          headers: { 'Content-Type': 'application/merge-patch+json' },
          body: { spec: replacing(old, next) },
        }),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['contracts'] });
      onClose();
    },
  });
  const wrong = fieldErrors(save.error);
  return (
    <Dialog
      kind="drawer"
      title={t('contracts.upgrade.title', { name: calledName(contract) })}
      onClose={onClose}
    >
      <DialogForm
        sends={save}
        action={t('contracts.upgrade.button')}
        disabledReason={changes.length === 0 ? t('contracts.upgrade.none') : undefined}
        onClose={onClose}
      >
        <SourceFields draft={draft} onChange={change} wrong={wrong} />
        <TermFields draft={draft} onChange={change} wrong={wrong} />
        <section className="stack-s" aria-live="polite">
          <h3>{t('contracts.upgrade.changes')}</h3>
          {changes.length === 0 ? (
            <p className="muted">{t('contracts.upgrade.none')}</p>
          ) : (
            <DefinitionDiff
              changes={withSequence(contract, changes)}
              before={t('contracts.upgrade.before')}
              after={t('contracts.upgrade.after')}
            />
          )}
          <p className="muted small">{t('contracts.upgrade.text')}</p>
        </section>
      </DialogForm>
    </Dialog>
  );
}

function Delete({ contract, onClose }: { contract: Contract; onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const navigate = useNavigate();
  return (
    <DangerDialog
      title={t('contracts.delete.title', { name: calledName(contract) })}
      name={calledName(contract)}
      effects={[t('contracts.delete.service'), t('contracts.delete.ledger')]}
      action={t('contracts.delete.button')}
      onClose={onClose}
      onConfirm={async () => {
        await call(
          api.DELETE('/v1/contracts/{name}', {
            params: { path: { name: contract.name }, header: { 'If-Match': contract.etag } },
          }),
        );
        navigate({ to: '/contracts' });
        await queries.invalidateQueries({ queryKey: ['contracts'] });
      }}
    />
  );
}
