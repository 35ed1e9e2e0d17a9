import { queryOptions } from '@tanstack/react-query';
import { api, call, type Schemas } from '@/api/client';
import { listOptions, present } from '@/api/queries';

export type Webhook = Schemas['WebhookView'];
export type Delivery = Schemas['DeliveryView'];

/** Milliseconds between two looks at what others change: seldom while all is quiet, often while something is on its way. */
const QUIET = 5_000;
const BUSY = 1_000;

const isPending = ({ state }: Delivery) => state === 'pending';

export const webhooksQuery = {
  ...listOptions(['webhooks'], (pageToken) =>
    call(api.GET('/v1/webhooks', { params: { query: present({ pageToken }) } })),
  ),
  refetchInterval: QUIET,
};

export const webhookQuery = (id: string) =>
  queryOptions({
    queryKey: ['webhooks', id],
    queryFn: () => call(api.GET('/v1/webhooks/{id}', { params: { path: { id } } })),
    refetchInterval: QUIET,
  });

export const deliveriesOptions = (webhook: string) =>
  listOptions<Delivery>(['webhooks', webhook, 'deliveries'], (pageToken) =>
    call(
      api.GET('/v1/webhooks/{webhook}/deliveries', {
        params: { path: { webhook }, query: present({ pageToken }) },
      }),
    ),
  );

/** How soon to look at deliveries again. */
export const pace = (deliveries: Delivery[] | undefined) => (deliveries?.some(isPending) ? BUSY : QUIET);

export const deliveryQuery = (webhook: string, delivery: string) =>
  queryOptions({
    queryKey: ['webhooks', webhook, 'deliveries', delivery],
    queryFn: () =>
      call(
        api.GET('/v1/webhooks/{webhook}/deliveries/{delivery}', { params: { path: { webhook, delivery } } }),
      ),
    refetchInterval: ({ state: { data } }) => pace(data && [data]),
  });
