import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, once } from '@/api/client';
import { Age, Button, Card, Copy, DangerDialog, Loaded, PageHead, Problem, Time, useRefusal } from '@/kit';
import { WebhookBadge } from './badges';
import { Deliveries } from './Deliveries';
import { DeliveryDrawer } from './DeliveryDrawer';
import { type Webhook, webhookQuery } from './queries';
import { Signature } from './Signature';
import { WebhookForm } from './WebhookForm';
import { Events } from './WebhookList';
import './webhooks.css';

const route = getRouteApi('/shell/developers/webhooks/$webhook');

/** One webhook: what it is told, and how that went. */
export function WebhookPage() {
  const { t } = useTranslation();
  const { webhook: id } = route.useParams();
  const { delivery } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(webhookQuery(id));
  const show = (shown?: string) => navigate({ search: shown ? { delivery: shown } : {}, replace: !shown });
  return (
    <>
      <PageHead
        title={query.data?.description || t('webhooks.one')}
        crumbs={<Link to="/developers/webhooks">{t('webhooks.title')}</Link>}
        heading={
          <span className="row">
            {query.data?.description || t('webhooks.one')}
            {query.data && <WebhookBadge webhook={query.data} />}
          </span>
        }
      >
        {query.data && <Actions webhook={query.data} onTest={show} />}
      </PageHead>
      <Loaded query={query}>
        {(webhook) => (
          <div className="stack">
            <Trouble webhook={webhook} />
            <Facts webhook={webhook} />
            <Deliveries webhook={webhook} onShow={show} />
            <Signature />
            {delivery && (
              <DeliveryDrawer key={delivery} webhook={webhook} delivery={delivery} onClose={() => show()} />
            )}
          </div>
        )}
      </Loaded>
    </>
  );
}

/** Sends a change of a webhook. */
function useEnable(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (enabled: boolean) =>
      call(
        api.PATCH('/v1/webhooks/{id}', {
          params: { path: { id } },
          headers: { 'Content-Type': 'application/merge-patch+json' },
          body: { enabled },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['webhooks'] }),
  });
}

function Actions({ webhook, onTest }: { webhook: Webhook; onTest: (delivery: string) => void }) {
  const { t } = useTranslation();
  const navigate = route.useNavigate();
  const queries = useQueryClient();
  const refusal = useRefusal('webhooks:manage');
  const [open, setOpen] = useState<'change' | 'delete'>();
  const test = useMutation({
    mutationFn: () =>
      call(
        api.POST('/v1/webhooks/{webhook}:test', {
          params: { path: { webhook: webhook.id } },
          headers: once(),
        }),
      ),
    onSuccess: async ({ id }) => {
      await queries.invalidateQueries({ queryKey: ['webhooks', webhook.id] });
      onTest(id);
    },
  });
  const enable = useEnable(webhook.id);
  const off = webhook.enabled ? undefined : t('webhooks.test.off');
  const error = test.error ?? enable.error;
  return (
    <>
      <Button
        look="primary"
        busy={test.isPending}
        disabledReason={refusal ?? off}
        onClick={() => test.mutate()}
      >
        {t('webhooks.test.button')}
      </Button>
      <Button disabledReason={refusal} onClick={() => setOpen('change')}>
        {t('webhooks.changeButton')}
      </Button>
      <Button
        busy={enable.isPending}
        disabledReason={refusal}
        onClick={() => enable.mutate(!webhook.enabled)}
      >
        {webhook.enabled ? t('webhooks.pause') : t('webhooks.resume')}
      </Button>
      <Button look="danger" disabledReason={refusal} onClick={() => setOpen('delete')}>
        {t('webhooks.delete.button')}
      </Button>
      {error && <Problem error={error} />}
      {open === 'change' && <WebhookForm webhook={webhook} onClose={() => setOpen(undefined)} />}
      {open === 'delete' && (
        <DangerDialog
          title={t('webhooks.delete.title')}
          name={new URL(webhook.url).host}
          effects={[t('webhooks.delete.told'), t('webhooks.delete.waiting'), t('webhooks.delete.log')]}
          action={t('webhooks.delete.button')}
          onClose={() => setOpen(undefined)}
          onConfirm={async () => {
            await call(api.DELETE('/v1/webhooks/{id}', { params: { path: { id: webhook.id } } }));
            await navigate({ to: '/developers/webhooks' });
            queries.removeQueries({ queryKey: ['webhooks', webhook.id] });
            await queries.invalidateQueries({ queryKey: ['webhooks'] });
          }}
        />
      )}
    </>
  );
}

/** What is wrong with it, where something is. */
function Trouble({ webhook: { disableReason, failingSince } }: { webhook: Webhook }) {
  const { t } = useTranslation();
  if (disableReason) {
    return (
      <div className="notice notice-bad" role="status">
        <div className="stack-s">
          <strong>{t('webhooks.trouble.givenUp', { reason: disableReason })}</strong>
          <span>{t('webhooks.trouble.mend')}</span>
        </div>
      </div>
    );
  }
  if (!failingSince) return null;
  return (
    <div className="notice notice-warn" role="status">
      <span>
        {t('webhooks.trouble.failing')} <Age value={failingSince} />
      </span>
    </div>
  );
}

function Facts({ webhook: { url, events, createdBy, createTime } }: { webhook: Webhook }) {
  const { t } = useTranslation();
  return (
    <Card>
      <dl className="facts">
        <dt>{t('webhooks.url')}</dt>
        <dd className="mono">
          {url} <Copy text={url} />
        </dd>
        <dt>{t('webhooks.events')}</dt>
        <dd>
          <Events types={events} />
        </dd>
        <dt>{t('webhooks.created')}</dt>
        <dd>
          <Time value={createTime} /> · {createdBy}
        </dd>
      </dl>
    </Card>
  );
}
