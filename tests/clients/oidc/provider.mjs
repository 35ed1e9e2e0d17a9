// An OpenID provider with people of its own: whoever types an e-mail address as their login is that person, with any
// password. Addresses of unverified.example are not verified. Its keys are new at each start. PORT, REDIRECT and SECRET
// say where it listens, where it sends browsers back to, and what its one client authenticates with.
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const { PORT, REDIRECT, SECRET } = process.env;
const issuer = `http://127.0.0.1:${PORT}`;
const keys = [
  generateKeyPairSync('rsa', { modulusLength: 2048 }),
  generateKeyPairSync('ec', { namedCurve: 'P-256' }),
].map(({ privateKey }) => ({ ...privateKey.export({ format: 'jwk' }), use: 'sig' }));

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'entente',
    client_secret: SECRET,
    redirect_uris: [REDIRECT],
  }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: id,
      email_verified: !id.endsWith('@unverified.example'),
      name: id.split('@')[0],
      groups: id.startsWith('head') ? ['heads', 'staff'] : ['staff'],
    }),
  }),
  features: { devInteractions: { enabled: true } },
  cookies: { keys: ['of one test'] },
  jwks: { keys },
  pkce: { required: () => true },
});
provider.listen(Number(PORT), '127.0.0.1', () => console.log(`listening as ${issuer}`));
