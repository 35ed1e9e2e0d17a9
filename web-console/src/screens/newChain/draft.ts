/** What the wizard has been told so far, and the chain that it amounts to. Plain values; nothing here asks anybody. */
import type { Schemas } from '@/api/client';

export type Preset = 'blank' | 'finance' | 'reconciliation' | 'supply';
/** What a draft can begin with, beside nothing. */
export type Beginning = 'sandbox';
export type Plan = 'sandbox' | 'standard' | 'production';

export type Draft = {
  preset: Preset;
  displayName: string;
  /** Empty: made from the display name. */
  name: string;
  description: string;
  plan: Plan;
  orderers: number;
  storage: string;
  release: string;
  members: { organization: string; peers: number }[];
  channel: string;
  /** Template of the first contract; empty for none. */
  contract: string;
  maxMessageCount: number;
  timeout: string;
  deletionProtection: boolean;
};

export type PlanValues = { orderers: number; peers: number; storage: string; deletionProtection: boolean };

/** What a plan fixes; each value can be changed afterwards. */
export const PLANS: Record<Plan, PlanValues> = {
  sandbox: { orderers: 1, peers: 1, storage: '10Gi', deletionProtection: false },
  standard: { orderers: 3, peers: 1, storage: '50Gi', deletionProtection: false },
  production: { orderers: 5, peers: 2, storage: '100Gi', deletionProtection: true },
};

/** What a preset begins with, beside its words. */
export const PRESETS: Record<Preset, { channel: string; contract: string }> = {
  blank: { channel: 'main', contract: '' },
  finance: { channel: 'transfers', contract: 'evidence' },
  reconciliation: { channel: 'reconciliation', contract: 'evidence' },
  supply: { channel: 'supply', contract: 'evidence' },
};

export const EMPTY: Draft = {
  preset: 'blank',
  displayName: '',
  name: '',
  description: '',
  plan: 'standard',
  orderers: PLANS.standard.orderers,
  storage: PLANS.standard.storage,
  release: '',
  members: [],
  channel: 'main',
  contract: '',
  maxMessageCount: 500,
  timeout: '250ms',
  deletionProtection: false,
};

/** A name for programs out of one for people: a DNS label, with `fallback` where no letter of it can stand in one. */
export function nameOf(displayName: string, fallback: string): string {
  const label = displayName
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '');
  return label.length >= 3 ? label : fallback;
}

/** The draft with another plan: its values replace what the plan before had set. */
export function withPlan(draft: Draft, plan: Plan): Draft {
  const { peers, ...values } = PLANS[plan];
  return { ...draft, ...values, plan, members: draft.members.map((member) => ({ ...member, peers })) };
}

/** A chain to try things out with: small, two organizations that do not trust each other, and a contract to call. */
export function sandbox(words: Draft, name: string): Draft {
  const members = ['bank', 'supplier'].map((organization) => ({ organization, peers: PLANS.sandbox.peers }));
  return withPlan({ ...words, name, members, contract: 'evidence' }, 'sandbox');
}

/** A name for programs that nobody else is likely to have. */
export const nameWith = (beginning: string) => `${beginning}-${Math.random().toString(36).slice(2, 7)}`;

export function withPreset(draft: Draft, preset: Preset): Draft {
  return { ...draft, preset, ...PRESETS[preset] };
}

/** The request that the draft amounts to. What equals the platform's default is left out, so that the result reads well. */
export function chainOf(draft: Draft, fallback: string): Schemas['NewChain'] {
  const batch = {
    ...(draft.maxMessageCount !== EMPTY.maxMessageCount && { maxMessageCount: draft.maxMessageCount }),
    ...(draft.timeout !== EMPTY.timeout && { timeout: draft.timeout }),
  };
  return {
    name: draft.name || nameOf(draft.displayName, fallback),
    spec: {
      ...(draft.displayName && { displayName: draft.displayName }),
      ...(draft.description && { description: draft.description }),
      ...(draft.release && { release: draft.release }),
      ordering: { replicas: draft.orderers },
      storage: { size: draft.storage },
      members: draft.members,
      channels: [{ name: draft.channel }],
      ...(draft.contract && {
        contracts: [{ name: draft.contract, template: draft.contract, channel: draft.channel }],
      }),
      ...(Object.keys(batch).length > 0 && { batch }),
      ...(draft.deletionProtection && { deletionProtection: true }),
    },
  };
}

/** How many nodes the chain will have, and how much disk they ask for. */
export function sizeOf(draft: Draft): { orderers: number; peers: number; gibibytes: number | undefined } {
  const peers = draft.members.reduce((sum, member) => sum + member.peers, 0);
  const each = /^(\d+)Gi$/.exec(draft.storage)?.[1];
  return {
    orderers: draft.orderers,
    peers,
    gibibytes: each === undefined ? undefined : Number(each) * (peers + draft.orderers),
  };
}

/** The same chain as a custom resource, in the YAML that `entente apply` and `kubectl apply` take. */
export function yamlOf({ name, spec }: Schemas['NewChain']): string {
  const head = 'apiVersion: entente.dev/v1alpha1\nkind: Chain\nmetadata:\n';
  return `${head}  name: ${scalar(name)}\nspec:\n${lines(spec, '  ')}`;
}

function lines(value: object, indent: string): string {
  return Object.entries(value)
    .map(([key, inner]) => {
      if (Array.isArray(inner))
        return `${indent}${key}:\n${inner.map((item) => listed(item, `${indent}  `)).join('')}`;
      if (typeof inner === 'object' && inner !== null)
        return `${indent}${key}:\n${lines(inner, `${indent}  `)}`;
      return `${indent}${key}: ${scalar(inner)}\n`;
    })
    .join('');
}

const listed = (item: object, indent: string) =>
  `${indent}- ${lines(item, `${indent}  `).slice(indent.length + 2)}`;

/** Plain where YAML reads the same text from it, quoted as JSON otherwise, which YAML reads too. */
function scalar(value: unknown): string {
  const isPlain =
    typeof value === 'string' &&
    /^[A-Za-z][\w ./-]*$/.test(value) &&
    !/^(true|false|null|yes|no|on|off)$/i.test(value);
  return isPlain ? value.trimEnd() : JSON.stringify(value);
}

/** The same request for a terminal. The token is read from a file, so that none is in the shell's history. */
export function curlOf(chain: Schemas['NewChain'], origin: string): string {
  const body = JSON.stringify(chain, null, 2).replaceAll("'", "'\\''");
  return [
    `curl -X POST ${origin}/v1/chains \\`,
    '  -H "Authorization: Bearer $(cat admin-token)" \\',
    "  -H 'Content-Type: application/json' \\",
    `  -d '${body}'`,
  ].join('\n');
}
