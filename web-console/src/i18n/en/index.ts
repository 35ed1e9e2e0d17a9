import account from './account.json';
import chains from './chains.json';
import kit from './kit.json';
import overview from './overview.json';
import shell from './shell.json';
import signIn from './signIn.json';
import state from './state.json';

export default { account, chains, kit, overview, shell, signIn, state } as const;
