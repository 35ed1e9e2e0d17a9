import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, once } from '@/api/client';
import { Button, Card, DangerDialog } from '@/kit';
import { Blockers } from './Blockers';
import { type Tenant, tenantDeletableQuery } from './queries';

/** The end of a tenant: what stands in its way, or what will be lost. */
export function TenantDeletion({ tenant: { name, etag, status } }: { tenant: Tenant }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { data } = useQuery(tenantDeletableQuery(name));
  const [isOpen, setOpen] = useState(false);
  const { chains = 0, organizations = 0 } = status?.usage ?? {};
  // A deletion would be taken, and then wait until its people have emptied the tenant.
  const blockers =
    chains + organizations > 0
      ? [{ code: 'in_use', detail: t('admin.delete.inUse', { chains, organizations }) }]
      : (data?.blockers ?? []);
  const remove = async () => {
    const accepted = await call(
      api.DELETE('/v1/admin/tenants/{name}', {
        params: { path: { name }, header: { 'If-Match': etag } },
        headers: once(),
      }),
    );
    await queries.invalidateQueries({ queryKey: ['admin', 'tenants'] });
    if (accepted.operation) {
      await navigate({ to: '/operations/$operation', params: { operation: accepted.operation.id } });
    }
  };
  return (
    <Card title={t('admin.delete.title')}>
      <div className="stack">
        {blockers.length > 0 ? (
          <Blockers blockers={blockers} />
        ) : (
          <p className="muted">{t('admin.delete.text')}</p>
        )}
        <div>
          <Button
            look="danger"
            {...(blockers.length > 0 && { disabledReason: t('admin.delete.blocked') })}
            onClick={() => setOpen(true)}
          >
            {t('admin.delete.button')}
          </Button>
        </div>
      </div>
      {isOpen && (
        <DangerDialog
          title={t('admin.delete.ask', { name })}
          name={name}
          effects={[t('admin.delete.people'), t('admin.delete.name')]}
          action={t('admin.delete.button')}
          onClose={() => setOpen(false)}
          onConfirm={remove}
        />
      )}
    </Card>
  );
}
