import { useTranslation } from 'react-i18next';
import { Badge } from '@/kit';
import type { Delivery, Webhook } from './queries';

/** Whether a webhook is told anything, and whether what it is told arrives. */
export function WebhookBadge({ webhook }: { webhook: Webhook }) {
  const { t } = useTranslation();
  if (webhook.disableReason) return <Badge tone="bad">{t('webhooks.standing.givenUp')}</Badge>;
  if (!webhook.enabled) return <Badge>{t('webhooks.standing.paused')}</Badge>;
  if (webhook.failingSince) return <Badge tone="warn">{t('webhooks.standing.failing')}</Badge>;
  return <Badge tone="ok">{t('webhooks.standing.on')}</Badge>;
}

export function DeliveryBadge({ delivery: { state, attempts } }: { delivery: Delivery }) {
  const { t } = useTranslation();
  switch (state) {
    case 'delivered':
      return <Badge tone="ok">{t('webhooks.delivery.delivered')}</Badge>;
    case 'failed':
      return <Badge tone="bad">{t('webhooks.delivery.failed')}</Badge>;
    case 'pending':
      return attempts > 0 ? (
        <Badge tone="warn">{t('webhooks.delivery.again')}</Badge>
      ) : (
        <Badge tone="busy">{t('webhooks.delivery.pending')}</Badge>
      );
    default:
      return <Badge>{t('state.unknown', { state })}</Badge>;
  }
}

/** What a type of event means; types that this console does not know yet are shown by their names alone. */
export function useEventWords() {
  const { t, i18n } = useTranslation();
  return (type: string) =>
    i18n.exists(`webhooks.event.${type}`) ? t(`webhooks.event.${type}` as 'webhooks.event.chain.ready') : '';
}
