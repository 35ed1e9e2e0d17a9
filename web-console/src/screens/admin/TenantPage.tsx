import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Button, Card, Dialog, Loaded, Problem, Time } from '@/kit';
import { Meters } from '../usage/Meters';
import { quotasOfTenant } from '../usage/quotas';
import { ChangeQuotas } from './ChangeQuotas';
import { InviteOwner } from './InviteOwner';
import { patchTenant, type Tenant, tenantByNameQuery } from './queries';
import { TenantDeletion } from './TenantDeletion';
import { TenantBadge } from './Tenants';

const route = getRouteApi('/shell/admin/tenants/$tenant');

/** One customer: how much of what it may have it has, who comes in, and its end. */
export function TenantPage() {
  const { t } = useTranslation();
  const { tenant: name } = route.useParams();
  const query = useQuery(tenantByNameQuery(name));
  return (
    <div className="stack">
      <div>
        <div className="crumbs">
          <Link to="/admin/tenants">{t('admin.tenants.title')}</Link>
        </div>
        <h2 className="row">
          {query.data?.spec.displayName ?? name}
          {query.data && <TenantBadge tenant={query.data} />}
        </h2>
      </div>
      <Loaded query={query}>
        {(tenant) => (
          <div className="stack">
            <Facts tenant={tenant} />
            <QuotaCard tenant={tenant} />
            <InviteCard tenant={tenant} />
            <Suspension tenant={tenant} />
            <TenantDeletion tenant={tenant} />
          </div>
        )}
      </Loaded>
    </div>
  );
}

function Facts({ tenant: { name, uid, createTime, spec } }: { tenant: Tenant }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Card>
      <dl className="facts">
        <dt>{t('admin.tenants.name')}</dt>
        <dd className="mono">{name}</dd>
        <dt>{t('admin.uid')}</dt>
        <dd className="mono">{uid}</dd>
        {createTime && (
          <>
            <dt>{t('admin.created')}</dt>
            <dd>
              <Time value={createTime} />
            </dd>
          </>
        )}
        {spec.auditRetentionDays != null && (
          <>
            <dt>{t('admin.tenants.auditDays')}</dt>
            <dd>{format.number(spec.auditRetentionDays)}</dd>
          </>
        )}
      </dl>
    </Card>
  );
}

function QuotaCard({ tenant }: { tenant: Tenant }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  return (
    <Card
      title={t('usage.quotas')}
      actions={
        <Button size="small" onClick={() => setOpen(true)}>
          {t('admin.tenants.changeQuotas')}
        </Button>
      }
    >
      <Meters quotas={quotasOfTenant(tenant)} />
      {isOpen && <ChangeQuotas tenant={tenant} onClose={() => setOpen(false)} />}
    </Card>
  );
}

function InviteCard({ tenant }: { tenant: Tenant }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  return (
    <Card title={t('admin.tenants.people')}>
      <div className="stack">
        <p className="muted">{t('admin.tenants.peopleText')}</p>
        <div>
          <Button onClick={() => setOpen(true)}>{t('admin.tenants.invite')}</Button>
        </div>
      </div>
      {isOpen && <InviteOwner tenant={tenant.name} onClose={() => setOpen(false)} />}
    </Card>
  );
}

function Suspension({ tenant }: { tenant: Tenant }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const isOff = tenant.spec.suspended ?? false;
  const toggle = useMutation({
    mutationFn: () => patchTenant(tenant, { suspended: !isOff }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['admin', 'tenants'] });
      setOpen(false);
    },
  });
  return (
    <Card title={t('admin.suspend.title')}>
      <div className="stack">
        <p className="muted">{isOff ? t('admin.suspend.isOff') : t('admin.suspend.text')}</p>
        {toggle.error && <Problem error={toggle.error} />}
        <div>
          {isOff ? (
            <Button busy={toggle.isPending} onClick={() => toggle.mutate()}>
              {t('admin.suspend.resume')}
            </Button>
          ) : (
            <Button look="danger" onClick={() => setOpen(true)}>
              {t('admin.suspend.button')}
            </Button>
          )}
        </div>
      </div>
      {isOpen && (
        <Dialog title={t('admin.suspend.ask', { name: tenant.name })} onClose={() => setOpen(false)}>
          <div className="stack">
            <ul className="effects">
              <li>{t('admin.suspend.people')}</li>
              <li>{t('admin.suspend.chains')}</li>
            </ul>
            {toggle.error && <Problem error={toggle.error} />}
            <div className="dialog-foot">
              <Button onClick={() => setOpen(false)}>{t('kit.cancel')}</Button>
              <Button look="danger" busy={toggle.isPending} onClick={() => toggle.mutate()}>
                {t('admin.suspend.button')}
              </Button>
            </div>
          </div>
        </Dialog>
      )}
    </Card>
  );
}
