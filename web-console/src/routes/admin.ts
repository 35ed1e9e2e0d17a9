import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { part } from '@/missing';
import { resourceSearch, shell, texts } from './frame';

const frame = createRoute({
  getParentRoute: () => shell,
  path: '/admin',
  component: lazyRouteComponent(
    part(() => import('@/screens/admin/AdminFrame')),
    'AdminFrame',
  ),
});

const start = createRoute({
  getParentRoute: () => frame,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/admin/health' });
  },
});

const tenants = createRoute({
  getParentRoute: () => frame,
  path: '/tenants',
  validateSearch: resourceSearch,
  component: lazyRouteComponent(
    part(() => import('@/screens/admin/Tenants')),
    'Tenants',
  ),
});

const tenant = createRoute({
  getParentRoute: () => frame,
  path: '/tenants/$tenant',
  component: lazyRouteComponent(
    part(() => import('@/screens/admin/TenantPage')),
    'TenantPage',
  ),
});

const records = createRoute({
  getParentRoute: () => frame,
  path: '/records',
  validateSearch: texts('state', 'record'),
  component: lazyRouteComponent(
    part(() => import('@/screens/admin/Records')),
    'Records',
  ),
});

const releases = createRoute({
  getParentRoute: () => frame,
  path: '/releases',
  validateSearch: resourceSearch,
  component: lazyRouteComponent(
    part(() => import('@/screens/admin/Releases')),
    'Releases',
  ),
});

const alliance = createRoute({
  getParentRoute: () => frame,
  path: '/alliance',
  validateSearch: texts('text', 'sector', 'level', 'region'),
  component: lazyRouteComponent(
    part(() => import('@/screens/admin/Alliance')),
    'Alliance',
  ),
});

const fleet = createRoute({
  getParentRoute: () => frame,
  path: '/fleet',
  validateSearch: (search: Record<string, unknown>) => ({
    ...resourceSearch(search),
    ...texts('tenant', 'release')(search),
  }),
  component: lazyRouteComponent(
    part(() => import('@/screens/admin/Fleet')),
    'Fleet',
  ),
});

const operations = createRoute({
  getParentRoute: () => frame,
  path: '/operations',
  validateSearch: texts('tenant', 'state', 'operation'),
  component: lazyRouteComponent(
    part(() => import('@/screens/admin/Operations')),
    'Operations',
  ),
});

const health = createRoute({
  getParentRoute: () => frame,
  path: '/health',
  component: lazyRouteComponent(
    part(() => import('@/screens/admin/Health')),
    'Health',
  ),
});

const security = createRoute({
  getParentRoute: () => frame,
  path: '/security',
  component: lazyRouteComponent(() => import('@/screens/admin/Security'), 'Security'),
});

/** What only operators of the platform see. */
export const admin = frame.addChildren([
  start,
  health,
  security,
  tenants,
  tenant,
  fleet,
  operations,
  records,
  releases,
  alliance,
]);
