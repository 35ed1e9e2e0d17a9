/** Every address of the console. Screens are loaded when they are first visited. Areas of many screens list theirs in `routes/`. */
import { createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { part } from '@/missing';
import { Crash } from '@/shell/Crash';
import { Loading } from './kit/states';
import { admin } from './routes/admin';
import { developers } from './routes/developers';
import { nowhere, parseSearch, resourceSearch, root, shell, stringifySearch, texts } from './routes/frame';
import type { Beginning } from './screens/newChain/draft';
import { STEPS, type StepName } from './screens/newChain/steps';

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: texts('returnTo', 'refused'),
  component: lazyRouteComponent(
    part(() => import('./screens/signIn/SignIn')),
    'SignIn',
  ),
});

const invitation = createRoute({
  getParentRoute: () => root,
  path: '/invitation',
  component: lazyRouteComponent(
    part(() => import('./screens/signIn/Invitation')),
    'Invitation',
  ),
});

const firstPassword = createRoute({
  getParentRoute: () => root,
  path: '/first-password',
  component: lazyRouteComponent(
    part(() => import('./screens/signIn/FirstPassword')),
    'FirstPassword',
  ),
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
  component: lazyRouteComponent(
    part(() => import('./screens/overview/Overview')),
    'Overview',
  ),
});

const todo = createRoute({
  getParentRoute: () => shell,
  path: '/todo',
  component: lazyRouteComponent(
    part(() => import('./screens/todo/Todo')),
    'Todo',
  ),
});

const chains = createRoute({
  getParentRoute: () => shell,
  path: '/chains',
  validateSearch: resourceSearch,
  component: lazyRouteComponent(
    part(() => import('./screens/chains/ChainList')),
    'ChainList',
  ),
});

const search = createRoute({
  getParentRoute: () => shell,
  path: '/search',
  validateSearch: texts('q'),
  component: lazyRouteComponent(
    part(() => import('./screens/search/Search')),
    'Search',
  ),
});

const newChain = createRoute({
  getParentRoute: () => shell,
  path: '/chains/new',
  validateSearch: ({ step, begin }): { step?: StepName; begin?: Beginning } => ({
    ...(STEPS.includes(step as StepName) && { step: step as StepName }),
    ...(begin === 'sandbox' && { begin }),
  }),
  component: lazyRouteComponent(
    part(() => import('./screens/newChain/NewChain')),
    'NewChain',
  ),
});

const contracts = createRoute({
  getParentRoute: () => shell,
  path: '/contracts',
  validateSearch: resourceSearch,
  component: lazyRouteComponent(
    part(() => import('./screens/contracts/ContractList')),
    'ContractList',
  ),
});

const deployContract = createRoute({
  getParentRoute: () => shell,
  path: '/contracts/new',
  validateSearch: texts('chain', 'template'),
  component: lazyRouteComponent(
    part(() => import('./screens/contracts/DeployContract')),
    'DeployContract',
  ),
});

const library = createRoute({
  getParentRoute: () => shell,
  path: '/library',
  validateSearch: texts('template'),
  component: lazyRouteComponent(
    part(() => import('./screens/library/Library')),
    'Library',
  ),
});

const contract = createRoute({
  getParentRoute: () => shell,
  path: '/contracts/$contract',
  validateSearch: texts('tab', 'function'),
  component: lazyRouteComponent(
    part(() => import('./screens/contracts/ContractPage')),
    'ContractPage',
  ),
});

const chain = createRoute({
  getParentRoute: () => shell,
  path: '/chains/$chain',
  component: lazyRouteComponent(
    part(() => import('./screens/chain/ChainFrame')),
    'ChainFrame',
  ),
});

const chainOverview = createRoute({
  getParentRoute: () => chain,
  path: '/',
  component: lazyRouteComponent(
    part(() => import('./screens/chain/ChainOverview')),
    'ChainOverview',
  ),
});

const chainChannels = createRoute({
  getParentRoute: () => chain,
  path: '/channels',
  component: lazyRouteComponent(
    part(() => import('./screens/chain/Channels')),
    'Channels',
  ),
});

const chainContracts = createRoute({
  getParentRoute: () => chain,
  path: '/contracts',
  validateSearch: resourceSearch,
  component: lazyRouteComponent(
    part(() => import('./screens/chain/ChainContracts')),
    'ChainContracts',
  ),
});

const chainContract = createRoute({
  getParentRoute: () => chain,
  path: '/contracts/$channel/$contract',
  component: lazyRouteComponent(() => import('./screens/chain/ChainContract'), 'ChainContract'),
});

const chainActivity = createRoute({
  getParentRoute: () => chain,
  path: '/activity',
  validateSearch: texts('on', 'running', 'actor', 'action', 'outcome', 'from', 'to'),
  component: lazyRouteComponent(
    part(() => import('./screens/chain/Activity')),
    'Activity',
  ),
});

const chainIdentities = createRoute({
  getParentRoute: () => chain,
  path: '/identities',
  validateSearch: texts('tab', 'q', 'organization', 'within', 'type'),
  component: lazyRouteComponent(
    part(() => import('./screens/chain/ChainIdentities')),
    'ChainIdentities',
  ),
});

const chainMembers = createRoute({
  getParentRoute: () => chain,
  path: '/members',
  component: lazyRouteComponent(
    part(() => import('./screens/chain/Members')),
    'Members',
  ),
});

const chainSettings = createRoute({
  getParentRoute: () => chain,
  path: '/settings',
  component: lazyRouteComponent(
    part(() => import('./screens/chain/Settings')),
    'Settings',
  ),
});

const chainNodes = createRoute({
  getParentRoute: () => chain,
  path: '/nodes',
  validateSearch: texts('node'),
  component: lazyRouteComponent(
    part(() => import('./screens/chain/Nodes')),
    'Nodes',
  ),
});

const chainConnect = createRoute({
  getParentRoute: () => chain,
  path: '/connect',
  validateSearch: texts('organization', 'contract', 'function', 'language'),
  component: lazyRouteComponent(
    part(() => import('./screens/chain/connect/Connect')),
    'Connect',
  ),
});

const explorerStart = createRoute({
  getParentRoute: () => chain,
  path: '/explorer',
  component: lazyRouteComponent(
    part(() => import('./screens/explorer/ExplorerStart')),
    'ExplorerStart',
  ),
});

/** A channel's ledger. What was searched for stays in the box. */
const explorer = createRoute({
  getParentRoute: () => chain,
  path: '/explorer/$channel',
  validateSearch: texts('q'),
  component: lazyRouteComponent(
    part(() => import('./screens/explorer/ExplorerFrame')),
    'ExplorerFrame',
  ),
});

const ledgerLists = createRoute({
  getParentRoute: () => explorer,
  id: 'lists',
  component: lazyRouteComponent(
    part(() => import('./screens/explorer/Live')),
    'Live',
  ),
});

const blocks = createRoute({
  getParentRoute: () => ledgerLists,
  path: '/',
  component: lazyRouteComponent(
    part(() => import('./screens/explorer/Blocks')),
    'Blocks',
  ),
});

const transactions = createRoute({
  getParentRoute: () => ledgerLists,
  path: '/transactions',
  validateSearch: texts('creator', 'contract', 'function', 'code', 'from', 'to'),
  component: lazyRouteComponent(
    part(() => import('./screens/explorer/Transactions')),
    'Transactions',
  ),
});

const keys = createRoute({
  getParentRoute: () => ledgerLists,
  path: '/state',
  validateSearch: texts('contract', 'prefix'),
  component: lazyRouteComponent(
    part(() => import('./screens/explorer/Keys')),
    'Keys',
  ),
});

const statistics = createRoute({
  getParentRoute: () => ledgerLists,
  path: '/statistics',
  component: lazyRouteComponent(
    part(() => import('./screens/explorer/Statistics')),
    'Statistics',
  ),
});

const ledgerSearch = createRoute({
  getParentRoute: () => explorer,
  path: '/search',
  component: lazyRouteComponent(
    part(() => import('./screens/explorer/SearchResults')),
    'SearchResults',
  ),
});

const block = createRoute({
  getParentRoute: () => explorer,
  path: '/blocks/$block',
  component: lazyRouteComponent(
    part(() => import('./screens/explorer/BlockPage')),
    'BlockPage',
  ),
});

const transaction = createRoute({
  getParentRoute: () => explorer,
  path: '/transactions/$transaction',
  component: lazyRouteComponent(
    part(() => import('./screens/explorer/TransactionPage')),
    'TransactionPage',
  ),
});

const keyHistory = createRoute({
  getParentRoute: () => explorer,
  path: '/state/$contract',
  validateSearch: texts('key'),
  component: lazyRouteComponent(
    part(() => import('./screens/explorer/KeyHistory')),
    'KeyHistory',
  ),
});

const operation = createRoute({
  getParentRoute: () => shell,
  path: '/operations/$operation',
  component: lazyRouteComponent(
    part(() => import('./screens/operation/OperationPage')),
    'OperationPage',
  ),
});

const account = createRoute({
  getParentRoute: () => shell,
  path: '/account',
  component: lazyRouteComponent(
    part(() => import('./screens/account/Account')),
    'Account',
  ),
});

const organizations = createRoute({
  getParentRoute: () => shell,
  path: '/organizations',
  validateSearch: resourceSearch,
  component: lazyRouteComponent(
    part(() => import('./screens/organizations/OrganizationList')),
    'OrganizationList',
  ),
});

const organization = createRoute({
  getParentRoute: () => shell,
  path: '/organizations/$organization',
  component: lazyRouteComponent(
    part(() => import('./screens/organizations/OrganizationPage')),
    'OrganizationPage',
  ),
});

const identities = createRoute({
  getParentRoute: () => shell,
  path: '/identities',
  validateSearch: texts('tab', 'q', 'organization', 'within', 'type'),
  component: lazyRouteComponent(
    part(() => import('./screens/identities/Identities')),
    'Identities',
  ),
});

const identity = createRoute({
  getParentRoute: () => shell,
  path: '/identities/$identity',
  component: lazyRouteComponent(
    part(() => import('./screens/identities/IdentityPage')),
    'IdentityPage',
  ),
});

const audit = createRoute({
  getParentRoute: () => shell,
  path: '/audit',
  validateSearch: texts('actor', 'action', 'object', 'outcome', 'from', 'to'),
  component: lazyRouteComponent(
    part(() => import('./screens/audit/Audit')),
    'Audit',
  ),
});

const usage = createRoute({
  getParentRoute: () => shell,
  path: '/usage',
  component: lazyRouteComponent(
    part(() => import('./screens/usage/Usage')),
    'Usage',
  ),
});

const people = createRoute({
  getParentRoute: () => shell,
  path: '/people',
  component: lazyRouteComponent(
    part(() => import('./screens/people/People')),
    'People',
  ),
});

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    invitation,
    firstPassword,
    shell.addChildren([
      home,
      overview,
      search,
      todo,
      chains,
      newChain,
      chain.addChildren([
        chainOverview,
        chainChannels,
        chainNodes,
        chainContracts,
        chainContract,
        chainMembers,
        chainIdentities,
        chainActivity,
        chainConnect,
        chainSettings,
        explorerStart,
        explorer.addChildren([
          ledgerLists.addChildren([blocks, transactions, keys, statistics]),
          ledgerSearch,
          block,
          transaction,
          keyHistory,
        ]),
      ]),
      operation,
      account,
      contracts,
      deployContract,
      library,
      contract,
      organizations,
      organization,
      identities,
      identity,
      audit,
      ...developers,
      admin,
      people,
      usage,
      nowhere,
    ]),
  ]),
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  defaultErrorComponent: Crash,
  defaultPendingComponent: Loading,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
