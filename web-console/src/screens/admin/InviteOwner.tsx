import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, once } from '@/api/client';
import { ApiError } from '@/api/problem';
import { Button, Dialog, Field, Input, Problem, ShownOnce } from '@/kit';

/** Invites an owner into a tenant, which then runs by itself. */
export function InviteOwner({ tenant, onClose }: { tenant: string; onClose: () => void }) {
  const { t } = useTranslation();
  const [email, setEmail] = useState('');
  const invite = useMutation({
    mutationFn: () =>
      call(
        api.POST('/v1/admin/tenants/{name}/invitations', {
          params: { path: { name: tenant } },
          headers: once(),
          body: { role: 'owner', ...(email.trim() && { email: email.trim() }) },
        }),
      ),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    invite.mutate();
  };
  if (invite.data?.token) {
    return (
      <Dialog title={t('people.invite.made')} onClose={onClose}>
        <ShownOnce
          label={t('people.invite.made')}
          secret={`${window.location.origin}/invitation#${invite.data.token}`}
          text={t('people.invite.handOver')}
          onDone={onClose}
        />
      </Dialog>
    );
  }
  return (
    <Dialog title={t('admin.tenants.invite')} onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <Field
          label={t('people.email')}
          hint={t('people.invite.emailHint')}
          error={invite.error instanceof ApiError ? invite.error.field('/email') : undefined}
        >
          <Input type="email" value={email} onChange={(event) => setEmail(event.target.value)} />
        </Field>
        {invite.error && <Problem error={invite.error} />}
        <div className="dialog-foot">
          <Button onClick={onClose}>{t('kit.cancel')}</Button>
          <Button look="primary" type="submit" busy={invite.isPending}>
            {t('people.invite.button')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
