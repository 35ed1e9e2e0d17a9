import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, once } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { present } from '@/api/queries';
import { Dialog, DialogForm, Field, Input } from '@/kit';
import { QuotaFields, quotasOf, quotaTexts } from './QuotaFields';

/** Makes a tenant; its page then invites the first owner. */
export function NewTenant({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [displayName, setDisplayName] = useState('');
  const [quotas, setQuotas] = useState(
    quotaTexts({ chains: 10, organizations: 10, peers: 20, requestsPerSecond: 40 }),
  );
  const create = useMutation({
    mutationFn: () =>
      call(
        api.POST('/v1/admin/tenants', {
          headers: once(),
          body: { name: name.trim(), spec: { ...present({ displayName }), quotas: quotasOf(quotas) } },
        }),
      ),
    onSuccess: async ({ resource }) => {
      await queries.invalidateQueries({ queryKey: ['admin', 'tenants'] });
      navigate({ to: '/admin/tenants/$tenant', params: { tenant: resource.name } });
    },
  });
  const wrong = fieldErrors(create.error);
  return (
    <Dialog kind="drawer" title={t('admin.tenants.new')} onClose={onClose}>
      <DialogForm sends={create} action={t('admin.tenants.new')} onClose={onClose}>
        <Field label={t('admin.tenants.name')} hint={t('admin.nameHint')} error={wrong('/name')} required>
          <Input required value={name} onChange={(event) => setName(event.target.value)} />
        </Field>
        <Field label={t('admin.tenants.displayName')} error={wrong('/spec/displayName')}>
          <Input value={displayName} onChange={(event) => setDisplayName(event.target.value)} />
        </Field>
        <QuotaFields texts={quotas} onChange={setQuotas} wrong={wrong} />
      </DialogForm>
    </Dialog>
  );
}
