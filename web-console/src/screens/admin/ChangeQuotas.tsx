import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/problem';
import { Button, Dialog, Problem } from '@/kit';
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
  const wrong = (pointer: string) =>
    change.error instanceof ApiError ? change.error.field(pointer) : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate();
  };
  return (
    <Dialog kind="drawer" title={t('admin.tenants.changeQuotas')} onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <QuotaFields texts={quotas} onChange={setQuotas} wrong={wrong} />
        {change.error && <Problem error={change.error} />}
        <div className="dialog-foot">
          <Button onClick={onClose}>{t('kit.cancel')}</Button>
          <Button look="primary" type="submit" busy={change.isPending}>
            {t('admin.save')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
