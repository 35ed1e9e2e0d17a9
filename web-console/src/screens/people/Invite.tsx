import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, once, type Schemas } from '@/api/client';
import { organizationsQuery } from '@/api/queries';
import { Field, Select } from '@/kit';
import { InvitationDialog } from './InvitationDialog';
import { ROLES } from './People';

/** Invites a person into the tenant, with a role; a signer speaks for one organization. */
export function Invite({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const organizations = useInfiniteQuery(organizationsQuery());
  const all = organizations.data?.pages.flatMap((page) => page.items) ?? [];
  const [role, setRole] = useState<Schemas['Role']>('developer');
  const [chosen, setOrganization] = useState('');
  const organization = chosen || (all[0]?.name ?? '');
  const invite = async (address: { email?: string }) => {
    const invitation = await call(
      api.POST('/v1/invitations', {
        headers: once(),
        body: { role, ...address, ...(role === 'signer' && { organization }) },
      }),
    );
    await queries.invalidateQueries({ queryKey: ['invitations'] });
    return invitation;
  };
  return (
    <InvitationDialog title={t('people.invite.button')} invite={invite} onClose={onClose}>
      {(wrong) => (
        <>
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
        </>
      )}
    </InvitationDialog>
  );
}
