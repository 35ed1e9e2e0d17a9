import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, once, type Schemas } from '@/api/client';
import { ApiError } from '@/api/problem';
import { organizationsQuery } from '@/api/queries';
import { Button, Dialog, Field, Input, Problem, Select, ShownOnce } from '@/kit';
import { ROLES } from './People';

/** Invites a person; the link is shown once and handed over by whoever invites. */
export function Invite({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const organizations = useInfiniteQuery(organizationsQuery());
  const all = organizations.data?.pages.flatMap((page) => page.items) ?? [];
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Schemas['Role']>('developer');
  const [organization, setOrganization] = useState('');
  const invite = useMutation({
    mutationFn: () =>
      call(
        api.POST('/v1/invitations', {
          headers: once(),
          body: {
            role,
            ...(email.trim() && { email: email.trim() }),
            ...(role === 'signer' && { organization: organization || (all[0]?.name ?? '') }),
          },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['invitations'] }),
  });
  const wrong = (pointer: string) =>
    invite.error instanceof ApiError ? invite.error.field(pointer) : undefined;
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
    <Dialog title={t('people.invite.button')} onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <Field label={t('people.email')} hint={t('people.invite.emailHint')} error={wrong('/email')}>
          <Input type="email" value={email} onChange={(event) => setEmail(event.target.value)} />
        </Field>
        <Field label={t('people.role')} error={wrong('/role')}>
          <Select value={role} onChange={(event) => setRole(event.target.value as Schemas['Role'])}>
            {ROLES.map((each) => (
              <option key={each} value={each}>
                {t(`kit.role.${each}`)}
              </option>
            ))}
          </Select>
        </Field>
        {role === 'signer' && (
          <Field label={t('people.organization')} error={wrong('/organization')} required>
            <Select value={organization} onChange={(event) => setOrganization(event.target.value)}>
              {all.map((each) => (
                <option key={each.uid} value={each.name}>
                  {each.spec.displayName ?? each.name}
                </option>
              ))}
            </Select>
          </Field>
        )}
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
