import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useMay } from '@/api/session';
import { Badge, Card, Forbidden, Loaded, NotReady } from '@/kit';
import { CallForm, FreeCallForm } from './CallForm';
import { functionsOf } from './metadata';
import { type Contract, calledName, metadataQuery, type Place } from './queries';

const route = getRouteApi('/shell/contracts/$contract');

/** A contract's own console: its functions with a form each, made of what it says about itself. */
export function ContractConsole({ contract }: { contract: Contract }) {
  const { t } = useTranslation();
  const mayRead = useMay('ledger:read');
  const { channel, sequence } = contract.status ?? {};
  if (!mayRead) return <Forbidden scope="ledger:read" />;
  if (!channel || sequence == null) return <NotReady text={t('contracts.call.notReady')} />;
  const place = { chain: contract.spec.chain, channel, contract: calledName(contract) };
  return <Functions contract={contract.name} sequence={sequence} place={place} />;
}

function Functions({ contract, sequence, place }: { contract: string; sequence: number; place: Place }) {
  const { t } = useTranslation();
  const { function: asked } = route.useSearch();
  const metadata = useQuery(metadataQuery(place, sequence));
  if (metadata.error && !metadata.data) return <FreeCallForm place={place} />;
  return (
    <Loaded query={metadata}>
      {({ result }) => {
        const functions = functionsOf(result);
        if (!functions || functions.length === 0) return <FreeCallForm place={place} />;
        const chosen = functions.find(({ name }) => name === asked) ?? functions[0];
        return (
          <div className="contract-console">
            <Card title={t('contracts.call.functions')}>
              <nav className="function-list" aria-label={t('contracts.call.functions')}>
                {functions.map((each) => (
                  <Link
                    key={each.name}
                    to="/contracts/$contract"
                    params={{ contract }}
                    search={{ tab: 'console', function: each.name }}
                    aria-current={each === chosen}
                  >
                    {each.name}
                    <Badge plain tone={each.isSubmit ? 'busy' : 'quiet'}>
                      {each.isSubmit ? t('contracts.call.submits') : t('contracts.call.reads')}
                    </Badge>
                  </Link>
                ))}
              </nav>
            </Card>
            {chosen && <CallForm key={chosen.name} place={place} target={chosen} />}
          </div>
        );
      }}
    </Loaded>
  );
}
