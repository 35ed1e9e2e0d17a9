import { useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Age, Button, type Column, DataTable, Empty } from '@/kit';
import { DeliveryBadge } from './badges';
import { type Delivery, deliveriesOptions, pace, type Webhook } from './queries';

/** What was sent to a webhook, and how it went; moves by itself. */
export function Deliveries({ webhook, onShow }: { webhook: Webhook; onShow: (delivery: string) => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const query = useInfiniteQuery({
    ...deliveriesOptions(webhook.id),
    refetchInterval: ({ state: { data } }) => pace(data?.pages.flatMap((page) => page.items)),
  });
  const columns: Column<Delivery>[] = [
    {
      id: 'event',
      head: t('webhooks.delivery.event'),
      cell: ({ id, type }) => (
        <button type="button" className="webhook-delivery" onClick={() => onShow(id)}>
          <code>{type}</code>
        </button>
      ),
    },
    {
      id: 'state',
      head: t('webhooks.state'),
      cell: (delivery) => <DeliveryBadge delivery={delivery} />,
    },
    { id: 'answer', head: t('webhooks.delivery.answer'), cell: (delivery) => <Answer delivery={delivery} /> },
    {
      id: 'attempts',
      head: t('webhooks.delivery.attempts'),
      align: 'end',
      cell: ({ attempts }) => format.number(attempts),
    },
    { id: 'time', head: t('webhooks.delivery.time'), cell: ({ createTime }) => <Age value={createTime} /> },
    {
      id: 'next',
      head: t('webhooks.delivery.next'),
      cell: ({ nextTime, state }) =>
        nextTime && state === 'pending' ? <Age value={nextTime} /> : <span className="muted">–</span>,
    },
    {
      id: 'more',
      head: t('webhooks.delivery.show'),
      align: 'end',
      cell: ({ id }) => (
        <Button size="small" look="quiet" onClick={() => onShow(id)}>
          {t('webhooks.delivery.show')}
        </Button>
      ),
    },
  ];
  return (
    <div className="stack-s">
      <div className="row row-apart">
        <h2>{t('webhooks.delivery.title')}</h2>
        <small className="muted">{t('webhooks.delivery.kept')}</small>
      </div>
      <DataTable
        label={t('webhooks.delivery.title')}
        query={query}
        columns={columns}
        rowKey={({ id }) => id}
        empty={<Empty title={t('webhooks.delivery.empty')} text={t('webhooks.delivery.emptyText')} />}
      />
    </div>
  );
}

/** What the receiver said to the last attempt. */
export function Answer({ delivery: { status, error, attempts } }: { delivery: Delivery }) {
  const { t } = useTranslation();
  if (attempts === 0) return <span className="muted">–</span>;
  return (
    <span className="webhook-answer">
      {error ?? (status == null ? t('webhooks.delivery.none') : <code>{status}</code>)}
    </span>
  );
}
