import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, once } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { type Chain, chainsQuery } from '@/api/queries';
import {
  Button,
  Card,
  Empty,
  Field,
  Input,
  LinkButton,
  Loaded,
  PageHead,
  Problem,
  Select,
  useRefusal,
} from '@/kit';
import { SourceFields, TermFields } from './DefinitionFields';
import { definitionOf, FIRST_DRAFT } from './definition';
import './contracts.css';

const route = getRouteApi('/shell/contracts/new');

/** One form; what happens next is on the contract's own page. */
export function DeployContract() {
  const { t } = useTranslation();
  const chains = useInfiniteQuery(chainsQuery());
  return (
    <>
      <PageHead
        title={t('contracts.new.title')}
        text={t('contracts.new.text')}
        crumbs={<Link to="/contracts">{t('contracts.title')}</Link>}
      />
      <Loaded query={chains}>
        {(data) => {
          const all = data.pages.flatMap((page) => page.items);
          return all.length === 0 ? (
            <Empty title={t('contracts.new.noChain')} text={t('contracts.new.noChainText')}>
              <LinkButton to="/chains">{t('contracts.new.toChains')}</LinkButton>
            </Empty>
          ) : (
            <Form chains={all} />
          );
        }}
      </Loaded>
    </>
  );
}

/** A name that is free as long as the contract's own name is on that channel. */
const resourceName = (chain: string, channel: string | undefined, name: string) =>
  [chain, channel, name.trim().toLowerCase().replaceAll('_', '-')]
    .filter(Boolean)
    .join('-')
    .replaceAll('.', '-')
    .slice(0, 63);

function Form({ chains }: { chains: Chain[] }) {
  const { t } = useTranslation();
  const { chain: asked, template = FIRST_DRAFT.template } = route.useSearch();
  const navigate = route.useNavigate();
  const queries = useQueryClient();
  const refusal = useRefusal('contracts:deploy');
  const [chainName, setChain] = useState(asked ?? chains[0]?.name ?? '');
  const [channel, setChannel] = useState('');
  const [name, setName] = useState(template);
  const [draft, setDraft] = useState({ ...FIRST_DRAFT, template });
  const chain = chains.find((each) => each.name === chainName);
  const channels = (chain?.status?.channels ?? []).map((each) => each.name);
  const create = useMutation({
    mutationFn: () =>
      call(
        api.POST('/v1/contracts', {
          headers: once(),
          body: {
            name: resourceName(chainName, channel || channels[0], name),
            spec: {
              chain: chainName,
              name,
              ...(channel && { channel }),
              ...definitionOf(draft),
            },
          },
        }),
      ),
    onSuccess: async ({ resource }) => {
      await queries.invalidateQueries({ queryKey: ['contracts'] });
      navigate({ to: '/contracts/$contract', params: { contract: resource.name } });
    },
  });
  const wrong = fieldErrors(create.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!refusal) create.mutate();
  };
  const change = (part: Partial<typeof draft>) => setDraft((before) => ({ ...before, ...part }));
  return (
    <form className="stack contract-form" onSubmit={submit}>
      <Card title={t('contracts.new.where')}>
        <div className="grid">
          <Field label={t('contracts.chain')} error={wrong('/spec/chain')}>
            <Select
              value={chainName}
              onChange={(event) => {
                setChain(event.target.value);
                setChannel('');
              }}
            >
              {chains.map((each) => (
                <option key={each.uid} value={each.name}>
                  {each.spec.displayName ?? each.name}
                </option>
              ))}
            </Select>
          </Field>
          <Field label={t('contracts.channel')} error={wrong('/spec/channel')}>
            <Select value={channel || channels[0]} onChange={(event) => setChannel(event.target.value)}>
              {channels.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </Select>
          </Field>
          <Field
            label={t('contracts.name')}
            hint={t('contracts.new.nameHint')}
            error={wrong('/spec/name') ?? wrong('/name')}
            required
          >
            <Input required maxLength={64} value={name} onChange={(event) => setName(event.target.value)} />
          </Field>
        </div>
      </Card>
      <Card title={t('contracts.new.what')}>
        <SourceFields draft={draft} onChange={change} wrong={wrong} />
      </Card>
      <Card title={t('contracts.new.terms')}>
        <TermFields draft={draft} onChange={change} wrong={wrong} />
      </Card>
      {create.error && <Problem error={create.error} />}
      <div className="row">
        <Button look="primary" type="submit" busy={create.isPending} disabledReason={refusal}>
          {t('contracts.deploy')}
        </Button>
        <LinkButton to="/contracts" look="quiet">
          {t('kit.cancel')}
        </LinkButton>
      </div>
    </form>
  );
}
