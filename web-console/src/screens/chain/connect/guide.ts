/** What one writes to call a contract of a chain, language by language. The browser tests run each as it is shown. */
import { curl } from './curl';
import { go } from './go';
import { java } from './java';
import { node } from './node';
import { rust } from './rust';
import { type Guide, type Target, word } from './target';

/** Whether a program comes with an identity of its own to a peer's gateway, or with an API key to the platform. */
export type Way = 'gateway' | 'rest';

export const LANGUAGES = ['node', 'java', 'go', 'rust', 'curl', 'cli'] as const;
export type Language = (typeof LANGUAGES)[number];

export const WAYS: Record<Language, Way> = {
  node: 'gateway',
  java: 'gateway',
  go: 'gateway',
  rust: 'rest',
  curl: 'rest',
  cli: 'rest',
};

export const GUIDES: Record<Language, (target: Target) => Guide> = {
  node,
  java,
  go,
  rust,
  curl,
  cli: ({ chain, channel, contract, ...call }) => ({
    files: [],
    run: [
      `entente tx ${call.isSubmit ? 'submit' : 'evaluate'}`,
      `--as ${word(call.organization)} --channel ${word(channel)}`,
      // What begins with a dash would be an option.
      [chain, contract, call.function, '--', ...call.arguments].map(word).join(' '),
    ].join(' '),
  }),
};

/** What comes before: where the platform is, and for a gateway the application's certificate and key. */
export const PREPARATIONS: Record<Way, (target: Target) => string> = {
  gateway: ({ server, chain, organization, channel, contract }) =>
    [
      `export ENTENTE_SERVER=${word(server)}`,
      '# enrols an application: certificate.pem, key.pem, tls-ca.pem and connection.json in my-app',
      [
        `entente chain connect ${word(chain)}`,
        `--organization ${word(organization)} --channel ${word(channel)} --contract ${word(contract)}`,
        '--out my-app',
      ].join(' \\\n  '),
    ].join('\n'),
  rest: ({ server }) =>
    [`export ENTENTE_SERVER=${word(server)}`, 'export ENTENTE_TOKEN   # an API key: ent_…'].join('\n'),
};
