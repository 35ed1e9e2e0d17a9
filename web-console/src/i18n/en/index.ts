import account from './account.json';
import audit from './audit.json';
import chains from './chains.json';
import contracts from './contracts.json';
import identities from './identities.json';
import kit from './kit.json';
import newChain from './newChain.json';
import operation from './operation.json';
import organizations from './organizations.json';
import overview from './overview.json';
import shell from './shell.json';
import signIn from './signIn.json';
import state from './state.json';

export default {
  audit,
  identities,
  organizations,
  account,
  chains,
  kit,
  newChain,
  operation,
  overview,
  shell,
  signIn,
  state,
  contracts,
} as const;
