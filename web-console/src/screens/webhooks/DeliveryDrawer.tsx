import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, call, once } from '@/api/client';
import { useFormat } from '@/i18n/format';
import { Button, Code, Dialog, Hash, Loaded, Problem, Time, useRefusal } from '@/kit';
import { DeliveryBadge, useEventWords } from './badges';
import { Answer } from './Deliveries';
import { type Delivery, deliveryQuery, type Webhook } from './queries';

/** One delivery: what is sent, what was answered, and once more. */
export function DeliveryDrawer({
  webhook,
  delivery: id,
  onClose,
}: {
  webhook: Webhook;
  delivery: string;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const query = useQuery(deliveryQuery(webhook.id, id));
  return (
    <Dialog kind="drawer" title={t('webhooks.delivery.one')} onClose={onClose}>
      <Loaded query={query}>
        {(delivery) => (
          <div className="stack">
            <Facts delivery={delivery} />
            <Resend webhook={webhook.id} delivery={delivery} />
            <Request webhook={webhook} delivery={delivery} />
          </div>
        )}
      </Loaded>
    </Dialog>
  );
}

function Facts({ delivery }: { delivery: Delivery }) {
  const { t } = useTranslation();
  const format = useFormat();
  const words = useEventWords();
  return (
    <dl className="facts">
      <dt>{t('webhooks.delivery.event')}</dt>
      <dd>
        <code>{delivery.type}</code>
        <div className="muted small">{words(delivery.type)}</div>
      </dd>
      <dt>{t('webhooks.state')}</dt>
      <dd>
        <DeliveryBadge delivery={delivery} />
      </dd>
      <dt>{t('webhooks.delivery.answer')}</dt>
      <dd>
        <Answer delivery={delivery} />
      </dd>
      <dt>{t('webhooks.delivery.attempts')}</dt>
      <dd>{format.number(delivery.attempts)}</dd>
      <dt>{t('webhooks.delivery.time')}</dt>
      <dd>
        <Time value={delivery.createTime} />
      </dd>
      {delivery.endTime && (
        <>
          <dt>{t('webhooks.delivery.end')}</dt>
          <dd>
            <Time value={delivery.endTime} />
          </dd>
        </>
      )}
      {delivery.nextTime && delivery.state === 'pending' && (
        <>
          <dt>{t('webhooks.delivery.next')}</dt>
          <dd>
            <Time value={delivery.nextTime} />
          </dd>
        </>
      )}
    </dl>
  );
}

function Resend({ webhook, delivery }: { webhook: string; delivery: Delivery }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const refusal = useRefusal('webhooks:manage');
  const resend = useMutation({
    mutationFn: () =>
      call(
        api.POST('/v1/webhooks/{webhook}/deliveries/{delivery}:resend', {
          params: { path: { webhook, delivery: delivery.id } },
          headers: once(),
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['webhooks', webhook] }),
  });
  return (
    <div className="stack-s">
      <div className="row">
        <Button busy={resend.isPending} disabledReason={refusal} onClick={() => resend.mutate()}>
          {t('webhooks.delivery.resend')}
        </Button>
        <span className="muted small grow">{t('webhooks.delivery.resendText')}</span>
      </div>
      {resend.error && <Problem error={resend.error} />}
    </div>
  );
}

function Request({ webhook, delivery }: { webhook: Webhook; delivery: Delivery }) {
  const { t } = useTranslation();
  return (
    <section className="stack-s">
      <h3>{t('webhooks.delivery.request')}</h3>
      <dl className="facts">
        <dt>POST</dt>
        <dd className="mono">{webhook.url}</dd>
        <dt className="mono">webhook-id</dt>
        <dd>
          <Hash value={delivery.id} />
        </dd>
        <dt className="mono">webhook-timestamp</dt>
        <dd className="muted">{t('webhooks.delivery.timestamp')}</dd>
        <dt className="mono">webhook-signature</dt>
        <dd className="muted">{t('webhooks.delivery.signature')}</dd>
      </dl>
      <Code text={JSON.stringify(delivery.body, null, 2)} label={t('webhooks.delivery.body')} />
    </section>
  );
}
