import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, once } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { type Organization, organizationsQuery } from '@/api/queries';
import { Button, Field, Input, Loaded, Problem, useRefusal } from '@/kit';
import { type Draft, nameOf, PLANS } from './draft';
import { StepCard, type StepProps } from './StepCard';

/** Who takes part, and with how many peers. */
export function MembersStep({ draft, change, wrong }: StepProps) {
  const { t } = useTranslation();
  const query = useInfiniteQuery(organizationsQuery());
  const peersOf = (name: string) => draft.members.find(({ organization }) => organization === name)?.peers;
  const set = (name: string, peers: number | undefined) => {
    const others = draft.members.filter(({ organization }) => organization !== name);
    const isKnown = others.length !== draft.members.length;
    if (peers === undefined) return change({ ...draft, members: others });
    const member = { organization: name, peers };
    change({
      ...draft,
      members: isKnown
        ? draft.members.map((each) => (each.organization === name ? member : each))
        : [...draft.members, member],
    });
  };
  return (
    <StepCard title={t('newChain.step.members')} text={t('newChain.members.text')}>
      <Loaded query={query}>
        {({ pages }) => (
          <ul className="members">
            {withDrafted(
              pages.flatMap((page) => page.items),
              draft,
            ).map(({ name, displayName, isNew }) => (
              <li key={name} className="row">
                <label className="check grow">
                  <input
                    type="checkbox"
                    checked={peersOf(name) !== undefined}
                    onChange={(event) =>
                      set(name, event.target.checked ? PLANS[draft.plan].peers : undefined)
                    }
                  />
                  <span>
                    {displayName ?? name}
                    {displayName && <span className="muted mono small"> {name}</span>}{' '}
                    {isNew && <span className="muted small">{t('newChain.members.isNew')}</span>}
                  </span>
                </label>
                {peersOf(name) !== undefined && (
                  <label className="row small">
                    {t('newChain.members.peers')}
                    <input
                      className="input members-peers"
                      type="number"
                      min={1}
                      max={5}
                      value={peersOf(name)}
                      onChange={(event) => set(name, Math.max(1, Number(event.target.value) || 1))}
                    />
                  </label>
                )}
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      {query.hasNextPage && (
        <Button look="quiet" busy={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
          {t('kit.more')}
        </Button>
      )}
      {wrong('/spec/members') && draft.members.length === 0 && (
        <p className="field-error" role="alert">
          {t('newChain.members.none')}
        </p>
      )}
      <NewOrganization onMade={(name) => set(name, PLANS[draft.plan].peers)} />
    </StepCard>
  );
}

type Choice = { name: string; displayName?: string | null | undefined; isNew: boolean };

/** The organizations that there are, and those of the draft that will be made with the chain. */
function withDrafted(known: Organization[], draft: Draft): Choice[] {
  const names = new Set(known.map(({ name }) => name));
  return [
    ...known.map(({ name, spec }) => ({ name, displayName: spec.displayName, isNew: false })),
    ...draft.members
      .filter(({ organization }) => !names.has(organization))
      .map(({ organization }) => ({ name: organization, isNew: true })),
  ];
}

/** An organization that is not there yet. It is made at once, because it is of use beyond this chain. */
function NewOrganization({ onMade }: { onMade: (name: string) => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const refusal = useRefusal('organizations:write');
  const [displayName, setDisplayName] = useState('');
  const [name, setName] = useState('');
  const chosen = name || nameOf(displayName, '');
  const make = useMutation({
    mutationFn: () =>
      call(api.POST('/v1/organizations', { body: { name: chosen, spec: { displayName } }, headers: once() })),
    onSuccess: async () => {
      setDisplayName('');
      setName('');
      await queries.invalidateQueries({ queryKey: ['organizations'] });
      onMade(chosen);
    },
  });
  const field = fieldErrors(make.error)('/name');
  return (
    <fieldset className="members-new">
      <legend>{t('newChain.members.new')}</legend>
      <Field label={t('newChain.members.newName')}>
        <Input value={displayName} maxLength={64} onChange={(event) => setDisplayName(event.target.value)} />
      </Field>
      <Field label={t('newChain.members.newId')} error={field}>
        <Input
          className="input mono"
          value={name}
          placeholder={chosen}
          onChange={(event) => setName(event.target.value)}
        />
      </Field>
      <Button
        busy={make.isPending}
        disabledReason={refusal ?? (chosen && displayName ? undefined : t('newChain.members.newMissing'))}
        onClick={() => make.mutate()}
      >
        {t('newChain.members.make')}
      </Button>
      {make.error && !field && <Problem error={make.error} />}
    </fieldset>
  );
}
