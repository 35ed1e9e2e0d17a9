import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Chain, chainQuery, narrowed } from '@/api/queries';
import { useMay } from '@/api/session';
import { Card, Choices, Empty, Field, Input, LinkButton, Loaded, Select } from '@/kit';
import { argumentsOf, type ContractFunction, functionsOf, GET_METADATA } from '../../contracts/metadata';
import { metadataQuery } from '../../contracts/queries';
import { GuideSteps } from './GuideSteps';
import { LANGUAGES, type Language } from './guide';

const route = getRouteApi('/shell/chains/$chain/connect');

/** What one writes to call a contract of a chain: for whom, what, in which language. */
export function Connect() {
  const { chain: name } = route.useParams();
  const query = useQuery(chainQuery(name));
  return <Loaded query={query}>{(chain) => <Contracts chain={chain} />}</Loaded>;
}

function Contracts({ chain }: { chain: Chain }) {
  const { t } = useTranslation();
  const { contract: asked, organization: wished } = route.useSearch();
  const navigate = route.useNavigate();
  const contracts = chain.status?.contracts?.filter(({ sequence }) => sequence != null) ?? [];
  const organizations = chain.spec.members?.map(({ organization }) => organization) ?? [];
  const idOf = (each: { channel: string; name: string }) => `${each.channel}/${each.name}`;
  const contract = contracts.find((each) => idOf(each) === asked) ?? contracts[0];
  const organization = organizations.find((each) => each === wished) ?? organizations[0];
  if (!contract || organization === undefined) {
    return (
      <Empty title={t('chain.connect.none')} text={t('chain.connect.noneText')}>
        <LinkButton to="/contracts/new" search={{ chain: chain.name }} look="primary">
          {t('contracts.deploy')}
        </LinkButton>
      </Empty>
    );
  }
  const place = { chain: chain.name, channel: contract.channel, contract: contract.name };
  return (
    <div className="stack">
      <Card title={t('chain.connect.call')}>
        <div className="grid">
          <Field label={t('chain.connect.organization')} hint={t('chain.connect.organizationHint')}>
            <Select
              value={organization}
              onChange={({ target }) => navigate({ search: narrowed('organization', target.value) })}
            >
              {organizations.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </Select>
          </Field>
          <Field label={t('chain.connect.contract')} hint={t('chain.connect.contractHint')}>
            <Select
              value={idOf(contract)}
              onChange={({ target }) =>
                navigate({
                  search: (search) => ({ ...narrowed('function', '')(search), contract: target.value }),
                })
              }
            >
              {contracts.map((each) => (
                <option key={idOf(each)} value={idOf(each)}>
                  {each.channel} / {each.name}
                </option>
              ))}
            </Select>
          </Field>
        </div>
        <Functions
          key={idOf(contract)}
          place={place}
          sequence={contract.sequence ?? 0}
          organization={organization}
        />
      </Card>
    </div>
  );
}

/** Every contract of Fabric's contract APIs answers this, so it is what one begins with. */
const DESCRIBE: ContractFunction = {
  name: GET_METADATA,
  description: undefined,
  isSubmit: false,
  parameters: [],
};

type Place = { chain: string; channel: string; contract: string };
type FunctionsProps = { place: Place; sequence: number; organization: string };

function Functions({ place, sequence, organization }: FunctionsProps) {
  const { t } = useTranslation();
  const { function: asked, language: wished } = route.useSearch();
  const navigate = route.useNavigate();
  const mayRead = useMay('ledger:read');
  const metadata = useQuery({ ...metadataQuery(place, sequence), enabled: mayRead });
  const [written, setWritten] = useState<Record<string, string>>({});
  const functions = [DESCRIBE, ...(functionsOf(metadata.data?.result) ?? [])];
  const chosen = functions.find(({ name }) => name === asked) ?? DESCRIBE;
  const language = LANGUAGES.find((each) => each === wished) ?? 'node';
  return (
    <div className="stack connect-call">
      <div className="grid">
        <Field
          label={t('chain.connect.function')}
          hint={chosen === DESCRIBE ? t('chain.connect.functionHint') : chosen.description}
        >
          <Select
            value={chosen.name}
            onChange={({ target }) => navigate({ search: narrowed('function', target.value) })}
          >
            {functions.map(({ name }) => (
              <option key={name} value={name}>
                {name === GET_METADATA ? t('chain.connect.describe') : name}
              </option>
            ))}
          </Select>
        </Field>
        {chosen.parameters.map((parameter) => (
          <Field
            key={parameter.name}
            label={<code>{parameter.name}</code>}
            hint={parameter.description ?? parameter.type}
            required={parameter.isRequired}
          >
            <Input
              value={written[parameter.name] ?? ''}
              onChange={({ target }) =>
                setWritten((before) => ({ ...before, [parameter.name]: target.value }))
              }
            />
          </Field>
        ))}
      </div>
      <Choices<Language>
        label={t('chain.connect.language')}
        value={language}
        choices={LANGUAGES.map((value) => ({
          value,
          label: t(`chain.connect.languages.${value}.name`),
          text: t(`chain.connect.languages.${value}.text`),
        }))}
        onChange={(value) => navigate({ search: narrowed('language', value) })}
      />
      <GuideSteps
        language={language}
        target={{
          ...place,
          organization,
          server: window.location.origin,
          function: chosen.name,
          arguments: textsOf(chosen, written),
          isSubmit: chosen.isSubmit,
        }}
      />
    </div>
  );
}

/** The arguments as a contract gets them over Fabric's protocol. What does not fit its type yet goes as it is written. */
function textsOf({ parameters }: ContractFunction, written: Record<string, string>): string[] {
  const asText = parameters.map((each) => ({ ...each, type: each.type === 'string' ? 'string' : 'any' }));
  return argumentsOf(asText, written).map((value) =>
    typeof value === 'string' ? value : JSON.stringify(value),
  );
}
