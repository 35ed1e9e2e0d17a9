/** Every address of the console. Screens are loaded when they are first visited. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import type { Schemas } from './api/client';
import { RESOURCE_STATES, type ResourceFilter } from './api/queries';
import { sessionQuery } from './api/session';
import { Loading } from './kit/states';
import { queryClient } from './query';
import { STEPS, type StepName } from './screens/newChain/steps';
import { Crash, NotFound } from './shell/Crash';
import { Shell } from './shell/Shell';

/** The string parameters of a screen's search, without the empty ones. */
const texts =
  <K extends string>(...names: K[]) =>
  (search: Record<string, unknown>): { [N in K]?: string } =>
    Object.fromEntries(
      names
        .map((name) => [name, search[name]])
        .filter(([, value]) => typeof value === 'string' && value !== ''),
    ) as { [N in K]?: string };

const STATES = new Set<unknown>(RESOURCE_STATES);

/** What a list of resources may be narrowed by. */
const resourceSearch = (search: Record<string, unknown>): ResourceFilter => ({
  ...texts('q')(search),
  ...(STATES.has(search.state) && { state: search.state as Schemas['State'] }),
});

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound, errorComponent: Crash });

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: texts('returnTo'),
  component: lazyRouteComponent(() => import('./screens/signIn/SignIn'), 'SignIn'),
});

const invitation = createRoute({
  getParentRoute: () => root,
  path: '/invitation',
  component: lazyRouteComponent(() => import('./screens/signIn/Invitation'), 'Invitation'),
});

const firstPassword = createRoute({
  getParentRoute: () => root,
  path: '/first-password',
  component: lazyRouteComponent(() => import('./screens/signIn/FirstPassword'), 'FirstPassword'),
});

/** Everything that only signed-in people see. */
const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  component: Shell,
  beforeLoad: async ({ location }) => {
    const session = await queryClient.ensureQueryData(sessionQuery);
    if (!session) throw redirect({ to: '/sign-in', search: { returnTo: location.href } });
    if (session.mustChangePassword) throw redirect({ to: '/first-password' });
  },
});

const home = createRoute({
  getParentRoute: () => shell,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/overview' });
  },
});

const overview = createRoute({
  getParentRoute: () => shell,
  path: '/overview',
  component: lazyRouteComponent(() => import('./screens/overview/Overview'), 'Overview'),
});

const chains = createRoute({
  getParentRoute: () => shell,
  path: '/chains',
  validateSearch: resourceSearch,
  component: lazyRouteComponent(() => import('./screens/chains/ChainList'), 'ChainList'),
});

const newChain = createRoute({
  getParentRoute: () => shell,
  path: '/chains/new',
  validateSearch: ({ step }): { step?: StepName } =>
    STEPS.includes(step as StepName) ? { step: step as StepName } : {},
  component: lazyRouteComponent(() => import('./screens/newChain/NewChain'), 'NewChain'),
});

const contracts = createRoute({
  getParentRoute: () => shell,
  path: '/contracts',
  validateSearch: resourceSearch,
  component: lazyRouteComponent(() => import('./screens/contracts/ContractList'), 'ContractList'),
});

const deployContract = createRoute({
  getParentRoute: () => shell,
  path: '/contracts/new',
  validateSearch: texts('chain'),
  component: lazyRouteComponent(() => import('./screens/contracts/DeployContract'), 'DeployContract'),
});

const contract = createRoute({
  getParentRoute: () => shell,
  path: '/contracts/$contract',
  validateSearch: texts('tab', 'function'),
  component: lazyRouteComponent(() => import('./screens/contracts/ContractPage'), 'ContractPage'),
});

const operation = createRoute({
  getParentRoute: () => shell,
  path: '/operations/$operation',
  component: lazyRouteComponent(() => import('./screens/operation/OperationPage'), 'OperationPage'),
});

const account = createRoute({
  getParentRoute: () => shell,
  path: '/account',
  component: lazyRouteComponent(() => import('./screens/account/Account'), 'Account'),
});

const organizations = createRoute({
  getParentRoute: () => shell,
  path: '/organizations',
  validateSearch: resourceSearch,
  component: lazyRouteComponent(() => import('./screens/organizations/OrganizationList'), 'OrganizationList'),
});

const organization = createRoute({
  getParentRoute: () => shell,
  path: '/organizations/$organization',
  component: lazyRouteComponent(() => import('./screens/organizations/OrganizationPage'), 'OrganizationPage'),
});

const identities = createRoute({
  getParentRoute: () => shell,
  path: '/identities',
  validateSearch: texts('tab', 'q', 'organization', 'within', 'type'),
  component: lazyRouteComponent(() => import('./screens/identities/Identities'), 'Identities'),
});

const identity = createRoute({
  getParentRoute: () => shell,
  path: '/identities/$identity',
  component: lazyRouteComponent(() => import('./screens/identities/IdentityPage'), 'IdentityPage'),
});

const audit = createRoute({
  getParentRoute: () => shell,
  path: '/audit',
  validateSearch: texts('actor', 'action', 'object', 'outcome', 'from', 'to'),
  component: lazyRouteComponent(() => import('./screens/audit/Audit'), 'Audit'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    invitation,
    firstPassword,
    shell.addChildren([
      home,
      overview,
      chains,
      newChain,
      operation,
      account,
      contracts,
      deployContract,
      contract,
      organizations,
      organization,
      identities,
      identity,
      audit,
    ]),
  ]),
  defaultPreload: 'intent',
  defaultPendingComponent: Loading,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
