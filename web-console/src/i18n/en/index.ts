import account from './account.json';
import admin from './admin.json';
import audit from './audit.json';
import chain from './chain.json';
import chains from './chains.json';
import contracts from './contracts.json';
import developers from './developers.json';
import explorer from './explorer.json';
import identities from './identities.json';
import kit from './kit.json';
import library from './library.json';
import newChain from './newChain.json';
import operation from './operation.json';
import organizations from './organizations.json';
import overview from './overview.json';
import people from './people.json';
import reference from './reference.json';
import shell from './shell.json';
import signIn from './signIn.json';
import state from './state.json';
import todo from './todo.json';
import usage from './usage.json';
import webhooks from './webhooks.json';

export default {
  account,
  audit,
  chain,
  chains,
  contracts,
  developers,
  explorer,
  identities,
  kit,
  library,
  newChain,
  operation,
  organizations,
  overview,
  people,
  reference,
  shell,
  signIn,
  state,
  todo,
  webhooks,
  admin,
  usage,
} as const;
