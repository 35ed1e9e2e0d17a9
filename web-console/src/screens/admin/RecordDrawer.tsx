import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, once } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { Button, Dialog, Field, Problem, Textarea } from '@/kit';
import { type Record, RecordBadge, RecordFacts } from '../organizations/RecordFacts';

/** One record, and what one decides about the revision that one has seen. */
export function RecordDrawer({ record, onClose }: { record: Record; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog kind="drawer" title={record.legalName} onClose={onClose}>
      <div className="stack">
        <div className="row">
          <RecordBadge state={record.state} />
          <span className="muted">
            {t('admin.records.of', { organization: record.organization, tenant: record.tenant })}
          </span>
        </div>
        {record.reason && (
          <div className="notice notice-bad">
            {t('organizations.record.because', { reason: record.reason })}
          </div>
        )}
        <RecordFacts record={record} />
        <Decision record={record} onDone={onClose} />
      </div>
    </Dialog>
  );
}

function Decision({ record: { uid, revision, state }, onDone }: { record: Record; onDone: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [reason, setReason] = useState('');
  const [isRefusing, setRefusing] = useState(false);
  const params = { path: { uid } };
  const decide = useMutation({
    mutationFn: (approves: boolean) =>
      approves
        ? call(
            api.POST('/v1/admin/organization-records/{uid}:approve', {
              params,
              headers: once(),
              body: { revision },
            }),
          )
        : call(
            api.POST('/v1/admin/organization-records/{uid}:refuse', {
              params,
              headers: once(),
              body: { revision, reason },
            }),
          ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['admin', 'records'] });
      onDone();
    },
  });
  const refuse = (event: FormEvent) => {
    event.preventDefault();
    decide.mutate(false);
  };
  const wrong = fieldErrors(decide.error)('/reason');
  return (
    <div className="stack">
      <p className="muted">{t('admin.records.check')}</p>
      {isRefusing && (
        <form id="refusal" onSubmit={refuse}>
          <Field
            label={t('admin.records.reason')}
            hint={t('admin.records.reasonHint')}
            error={wrong}
            required
          >
            <Textarea required value={reason} onChange={(event) => setReason(event.target.value)} />
          </Field>
        </form>
      )}
      {decide.error && <Problem error={decide.error} />}
      <div className="dialog-foot">
        {isRefusing ? (
          <Button look="danger" type="submit" form="refusal" busy={decide.isPending}>
            {t('admin.records.refuse')}
          </Button>
        ) : (
          state !== 'refused' && (
            <Button look="danger" onClick={() => setRefusing(true)}>
              {t('admin.records.refuse')}
            </Button>
          )
        )}
        {state !== 'approved' && (
          <Button look="primary" busy={decide.isPending} onClick={() => decide.mutate(true)}>
            {t('admin.records.approve')}
          </Button>
        )}
      </div>
    </div>
  );
}
