import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Loaded, PageHead, StateBadge } from '@/kit';
import { ContractActions } from './ContractActions';
import { ContractConsole } from './ContractConsole';
import { ContractOverview } from './ContractOverview';
import { type Contract, calledName, contractQuery } from './queries';
import './contracts.css';

const route = getRouteApi('/shell/contracts/$contract');

/** One contract: what is agreed about it, and a console to call it. */
export function ContractPage() {
  const { t } = useTranslation();
  const { contract: name } = route.useParams();
  const query = useQuery(contractQuery(name));
  const title = query.data ? calledName(query.data) : name;
  return (
    <>
      <PageHead
        title={title}
        crumbs={<Link to="/contracts">{t('contracts.title')}</Link>}
        heading={
          <span className="row">
            {title}
            {query.data && <StateBadge state={query.data.state} />}
          </span>
        }
        text={query.data?.name}
      >
        {query.data && <ContractActions contract={query.data} />}
      </PageHead>
      <Loaded query={query}>{(contract) => <Tabs contract={contract} />}</Loaded>
    </>
  );
}

function Tabs({ contract }: { contract: Contract }) {
  const { t } = useTranslation();
  const { tab } = route.useSearch();
  const params = { contract: contract.name };
  const isConsole = tab === 'console';
  return (
    <>
      <nav className="tabs" aria-label={t('contracts.tabs.label')}>
        <Link to="/contracts/$contract" params={params} activeOptions={{ exact: true }}>
          {t('contracts.tabs.overview')}
        </Link>
        <Link to="/contracts/$contract" params={params} search={{ tab: 'console' }}>
          {t('contracts.tabs.console')}
        </Link>
      </nav>
      {isConsole ? <ContractConsole contract={contract} /> : <ContractOverview contract={contract} />}
    </>
  );
}
