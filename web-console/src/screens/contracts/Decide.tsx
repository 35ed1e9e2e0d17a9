import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, once } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { Dialog, DialogForm, Field, Textarea } from '@/kit';
import { approvalsQuery, type Place, type Proposal } from './queries';

type Props = {
  place: Place;
  /** What was looked at: another one by now is refused. */
  proposal: Proposal;
  organization: string;
  approves: boolean;
  onClose: () => void;
};

/** An organization's word on a definition, with the reason that every member reads. */
export function Decide({ place, proposal, organization, approves, onClose }: Props) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [reason, setReason] = useState('');
  const decide = useMutation({
    mutationFn: () => {
      const request = {
        params: { path: place, header: once() },
        body: { organization, definition: proposal.digest, ...(reason.trim() && { reason: reason.trim() }) },
      };
      return approves
        ? call(api.POST('/v1/chains/{chain}/channels/{channel}/contracts/{contract}:approve', request))
        : call(api.POST('/v1/chains/{chain}/channels/{channel}/contracts/{contract}:reject', request));
    },
    onSuccess: async (approvals) => {
      queries.setQueryData(approvalsQuery(place).queryKey, approvals);
      await Promise.all([
        queries.invalidateQueries({ queryKey: ['contracts'] }),
        queries.invalidateQueries({ queryKey: ['todo'] }),
      ]);
      onClose();
    },
  });
  const { version, sequence } = proposal;
  const about = { organization, contract: place.contract, version, sequence };
  return (
    <Dialog
      title={approves ? t('contracts.decide.approveTitle', about) : t('contracts.decide.rejectTitle', about)}
      onClose={onClose}
    >
      <DialogForm
        sends={decide}
        look={approves ? 'primary' : 'danger'}
        action={approves ? t('contracts.decide.approve') : t('contracts.decide.reject')}
        onClose={onClose}
      >
        <p>{approves ? t('contracts.decide.approveText') : t('contracts.decide.rejectText')}</p>
        <Field
          label={t('contracts.decide.reason')}
          hint={t('contracts.decide.reasonHint')}
          error={fieldErrors(decide.error)('/reason')}
          required={!approves}
        >
          <Textarea
            required={!approves}
            maxLength={500}
            value={reason}
            onChange={({ target }) => setReason(target.value)}
          />
        </Field>
      </DialogForm>
    </Dialog>
  );
}
