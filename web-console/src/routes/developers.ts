import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { part } from '@/missing';
import { shell, texts } from './frame';

const apiKeys = createRoute({
  getParentRoute: () => shell,
  path: '/developers',
  component: lazyRouteComponent(
    part(() => import('@/screens/developers/ApiKeys')),
    'ApiKeys',
  ),
});

const webhooks = createRoute({
  getParentRoute: () => shell,
  path: '/developers/webhooks',
  component: lazyRouteComponent(
    part(() => import('@/screens/webhooks/WebhookList')),
    'WebhookList',
  ),
});

const webhook = createRoute({
  getParentRoute: () => shell,
  path: '/developers/webhooks/$webhook',
  validateSearch: texts('delivery'),
  component: lazyRouteComponent(
    part(() => import('@/screens/webhooks/WebhookPage')),
    'WebhookPage',
  ),
});

const reference = createRoute({
  getParentRoute: () => shell,
  path: '/developers/reference',
  validateSearch: texts('q', 'operation'),
  component: lazyRouteComponent(
    part(() => import('@/screens/reference/Reference')),
    'Reference',
  ),
});

/** What programs need: keys, news, and what the API can do. */
export const developers = [apiKeys, webhooks, webhook, reference] as const;
