import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { Dialog, DialogForm, Field, Input, ShownOnce } from '@/kit';

type InvitationDialogProps = {
  title: string;
  /** Makes the invitation: for one address, or for whoever has the link. */
  invite: (address: { email?: string }) => Promise<Schemas['InvitationView']>;
  onClose: () => void;
  /** What else is asked; given what the platform objects to in a field. */
  children?: (wrong: (pointer: string) => string | undefined) => ReactNode;
};

/** Invites somebody; the link is shown once, and handed over by whoever invites. */
export function InvitationDialog({ title, invite, onClose, children }: InvitationDialogProps) {
  const { t } = useTranslation();
  const [email, setEmail] = useState('');
  const sends = useMutation({
    mutationFn: () => invite(email.trim() ? { email: email.trim() } : {}),
  });
  const wrong = fieldErrors(sends.error);
  if (sends.data?.token) {
    return (
      <Dialog title={t('people.invite.made')} onClose={onClose}>
        <ShownOnce
          label={t('people.invite.made')}
          secret={`${window.location.origin}/invitation#${sends.data.token}`}
          text={t('people.invite.handOver')}
          onDone={onClose}
        />
      </Dialog>
    );
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <DialogForm sends={sends} action={t('people.invite.button')} onClose={onClose}>
        <Field label={t('people.email')} hint={t('people.invite.emailHint')} error={wrong('/email')}>
          <Input type="email" value={email} onChange={(event) => setEmail(event.target.value)} />
        </Field>
        {children?.(wrong)}
      </DialogForm>
    </Dialog>
  );
}
