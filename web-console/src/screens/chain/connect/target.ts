/** What a guide is made for, and what all guides are made with. */

/** One call of one contract. */
export type Target = {
  /** Address of the platform. */
  server: string;
  chain: string;
  /** Whose application calls. */
  organization: string;
  channel: string;
  contract: string;
  function: string;
  /** As the contract gets them: text, which is JSON where the parameter is no text. */
  arguments: string[];
  /** Whether it is to be written to the ledger. */
  isSubmit: boolean;
};

export type Guide = {
  /** What to write, by the file's path. */
  files: { name: string; text: string }[];
  /** What to enter in the folder of these files. */
  run: string;
};

/** What a program asks of the REST API. */
export const requestOf = ({ server, chain, channel, contract, organization, ...call }: Target) => ({
  url: `${server}/v1/chains/${chain}/channels/${channel}/contracts/${contract}:${call.isSubmit ? 'submit' : 'evaluate'}`,
  body: { function: call.function, arguments: call.arguments, organization },
});

/** The function and its arguments as strings of JavaScript, Go and Java, which agree about what JSON can say. */
export const literals = (target: Target) =>
  [target.function, ...target.arguments].map((each) => JSON.stringify(each)).join(', ');

/** A word of a shell, quoted where it needs to be. */
export const word = (text: string) =>
  /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
