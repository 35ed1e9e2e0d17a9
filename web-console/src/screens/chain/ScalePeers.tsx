import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schemas } from '@/api/client';
import { ApiError } from '@/api/problem';
import { type Chain, chainQuery } from '@/api/queries';
import { useSession } from '@/api/session';
import { useFormat } from '@/i18n/format';
import { Button, Field, Input, Problem, useRefusal } from '@/kit';
import { difference, MOST_PEERS, memberOf, withPeers } from './peers';

const MERGE = { 'Content-Type': 'application/merge-patch+json' };

const ownMembersQuery = (organization: string) => ({
  queryKey: ['members', 'of', organization],
  queryFn: () =>
    call(api.GET('/v1/members', { params: { query: { q: organization, view: 'basic', pageSize: 200 } } })),
});

/** Gives a node's organization more or fewer peers. The chain says how many for its own members, a Member for all others. */
export function ScalePeers({ chain, organization }: { chain: string; organization: string }) {
  const { tenant } = useSession();
  const { data: whole } = useQuery(chainQuery(chain));
  const inChain = whole && withPeers(whole, tenant, organization, 0);
  const { data: members } = useQuery({
    ...ownMembersQuery(organization),
    enabled: whole !== undefined && !inChain,
  });
  if (!whole) return null;
  const member = memberOf(members?.items ?? [], whole, organization);
  const before = inChain?.peers ?? (member && (member.spec.peers ?? 1));
  // Who is not the tenant's own is another tenant's to scale.
  if (before === undefined) return null;
  return <Form chain={whole} organization={organization} before={before} member={member} />;
}

type FormProps = {
  chain: Chain;
  organization: string;
  before: number;
  member: ReturnType<typeof memberOf>;
};

function Form({ chain, organization, before, member }: FormProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const queries = useQueryClient();
  const refusal = useRefusal('chains:write');
  const { tenant } = useSession();
  const [wanted, setWanted] = useState(String(before));
  const peers = Number(wanted);
  const change = withPeers(chain, tenant, organization, peers);
  // The document cannot say that a patch has the fields of the spec.
  const ofChain: Partial<Chain['spec']> = { ...(change && { members: change.members }) };
  const ofMember: Partial<Schemas['MemberSpec']> = { peers };
  const scale = useMutation({
    mutationFn: async () =>
      change
        ? call(
            api.PATCH('/v1/chains/{name}', {
              params: { path: { name: chain.name }, header: { 'If-Match': chain.etag } },
              body: { spec: ofChain as Record<string, never> },
              headers: MERGE,
            }),
          )
        : call(
            api.PATCH('/v1/members/{name}', {
              params: { path: { name: member?.name ?? '' } },
              body: { spec: ofMember as Record<string, never> },
              headers: MERGE,
            }),
          ),
    onSuccess: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ['chains'] }),
        queries.invalidateQueries({ queryKey: ['members'] }),
      ]),
  });
  const { error } = scale;
  const wrong =
    error instanceof ApiError
      ? (error.field(change?.pointer ?? '/spec/peers') ??
        (error.problem.quota ? error.problem.detail : undefined))
      : undefined;
  const changed = difference(organization, before, peers);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!refusal && changed.length > 0) scale.mutate();
  };
  return (
    <form className="stack-s" onSubmit={submit}>
      <Field
        label={t('chain.scale.peers', { organization })}
        hint={
          changed.length === 0 || changed.length > MOST_PEERS
            ? t('chain.scale.hint', { most: MOST_PEERS })
            : peers > before
              ? t('chain.scale.more', { count: changed.length, names: format.list(changed) })
              : t('chain.scale.fewer', { count: changed.length, names: format.list(changed) })
        }
        error={wrong}
      >
        <div className="row">
          <Input
            className="input scale-peers"
            type="number"
            required
            min={1}
            max={MOST_PEERS}
            value={wanted}
            onChange={({ target }) => setWanted(target.value)}
          />
          <Button
            type="submit"
            busy={scale.isPending}
            disabledReason={refusal ?? (changed.length === 0 ? t('chain.scale.same') : undefined)}
          >
            {t('chain.scale.button')}
          </Button>
          {scale.data?.operation && (
            <Link to="/operations/$operation" params={{ operation: scale.data.operation.id }}>
              {t('chain.followOperation')}
            </Link>
          )}
        </div>
      </Field>
      {error && !wrong && <Problem error={error} />}
    </form>
  );
}
