import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schemas } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { Dialog, DialogForm, Field, Input } from '@/kit';
import { Documents } from './Documents';
import type { Record } from './RecordFacts';

type Props = { name: string; record: Record | null; onClose: () => void };

const CONTACT = ['name', 'email', 'phone'] as const;

/** Says which legal party an organization is; an operator of the platform looks at it. */
export function RecordForm({ name, record, onClose }: Props) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [legalName, setLegalName] = useState(record?.legalName ?? '');
  const [registrationNumber, setNumber] = useState(record?.registrationNumber ?? '');
  const [contact, setContact] = useState(record?.contact ?? { name: '', email: '' });
  const [documents, setDocuments] = useState<Schemas['Document'][]>(record?.documents ?? []);
  const { phone, ...reachable } = contact;
  const submit = useMutation({
    mutationFn: () =>
      call(
        api.PUT('/v1/organizations/{name}/record', {
          params: { path: { name } },
          body: {
            legalName,
            registrationNumber,
            contact: { ...reachable, ...(phone && { phone }) },
            documents,
          },
        }),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['organizations', name] });
      onClose();
    },
  });
  const wrong = fieldErrors(submit.error);
  return (
    <Dialog kind="drawer" title={t('organizations.record.title')} onClose={onClose}>
      <DialogForm sends={submit} action={t('organizations.record.submit')} onClose={onClose}>
        {record?.state === 'approved' && (
          <p className="notice notice-warn">{t('organizations.record.approvalEnds')}</p>
        )}
        <Field label={t('organizations.record.legalName')} error={wrong('/legalName')} required>
          <Input required value={legalName} onChange={(event) => setLegalName(event.target.value)} />
        </Field>
        <Field
          label={t('organizations.record.number')}
          hint={t('organizations.record.numberHint')}
          error={wrong('/registrationNumber')}
          required
        >
          <Input required value={registrationNumber} onChange={(event) => setNumber(event.target.value)} />
        </Field>
        {CONTACT.map((part) => (
          <Field
            key={part}
            label={t(`organizations.record.contactOf.${part}`)}
            error={wrong(`/contact/${part}`)}
            required={part !== 'phone'}
          >
            <Input
              type={part === 'email' ? 'email' : 'text'}
              required={part !== 'phone'}
              value={contact[part] ?? ''}
              onChange={(event) => setContact({ ...contact, [part]: event.target.value })}
            />
          </Field>
        ))}
        <Documents documents={documents} onChange={setDocuments} wrong={wrong} />
      </DialogForm>
    </Dialog>
  );
}
