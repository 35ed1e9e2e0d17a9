import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/problem';
import { useFormat } from '@/i18n/format';
import { Button, Field, Input, Problem, useRefusal } from '@/kit';
import { useMembership } from './membership';
import { difference, MOST_PEERS } from './peers';

/** Gives a node's organization more or fewer peers. */
export function ScalePeers({ chain, organization }: { chain: string; organization: string }) {
  const membership = useMembership(chain, organization);
  return membership ? <Form organization={organization} {...membership} /> : null;
}

type FormProps = { organization: string } & NonNullable<ReturnType<typeof useMembership>>;

function Form({ organization, before: terms, change: scale, pointer }: FormProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const refusal = useRefusal('chains:write');
  const before = terms.peers ?? 1;
  const [wanted, setWanted] = useState(String(before));
  const peers = Number(wanted);
  const { error } = scale;
  const wrong =
    error instanceof ApiError
      ? (error.field(`${pointer}/peers`) ?? (error.problem.quota ? error.problem.detail : undefined))
      : undefined;
  const changed = difference(organization, before, peers);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!refusal && changed.length > 0) scale.mutate({ peers });
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
