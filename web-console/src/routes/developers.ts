import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { shell } from './frame';

const apiKeys = createRoute({
  getParentRoute: () => shell,
  path: '/developers',
  component: lazyRouteComponent(() => import('@/screens/developers/ApiKeys'), 'ApiKeys'),
});

/** What programs need: keys. */
export const developers = [apiKeys] as const;
