import { useTranslation } from 'react-i18next';
import { api, call, once } from '@/api/client';
import { InvitationDialog } from '../people/InvitationDialog';

/** Invites an owner into a tenant, which then runs by itself. */
export function InviteOwner({ tenant, onClose }: { tenant: string; onClose: () => void }) {
  const { t } = useTranslation();
  const invite = (address: { email?: string }) =>
    call(
      api.POST('/v1/admin/tenants/{name}/invitations', {
        params: { path: { name: tenant } },
        headers: once(),
        body: { role: 'owner', ...address },
      }),
    );
  return <InvitationDialog title={t('admin.tenants.invite')} invite={invite} onClose={onClose} />;
}
