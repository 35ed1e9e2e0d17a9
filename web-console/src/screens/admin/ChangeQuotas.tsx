import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { fieldErrors } from '@/api/problem';
import { Dialog, DialogForm } from '@/kit';
import { QuotaFields, quotasOf, quotaTexts } from './QuotaFields';
import { patchTenant, type Tenant } from './queries';

/** Says how much a tenant may have. What it has already stays, also beyond that. */
export function ChangeQuotas({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [quotas, setQuotas] = useState(quotaTexts(tenant.spec.quotas));
  const change = useMutation({
    mutationFn: () => patchTenant(tenant, { quotas: quotasOf(quotas) }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['admin', 'tenants'] });
      onClose();
    },
  });
  const wrong = fieldErrors(change.error);
  return (
    <Dialog kind="drawer" title={t('admin.tenants.changeQuotas')} onClose={onClose}>
      <DialogForm sends={change} action={t('admin.save')} onClose={onClose}>
        <QuotaFields texts={quotas} onChange={setQuotas} wrong={wrong} />
      </DialogForm>
    </Dialog>
  );
}
