import account from './account.json';
import chains from './chains.json';
import contracts from './contracts.json';
import kit from './kit.json';
import newChain from './newChain.json';
import operation from './operation.json';
import overview from './overview.json';
import shell from './shell.json';
import signIn from './signIn.json';
import state from './state.json';

export default {
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
