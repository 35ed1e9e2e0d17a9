import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { ProposalCard } from '../contracts/Proposal';

const route = getRouteApi('/shell/chains/$chain/contracts/$channel/$contract');

/** A contract on a chain that another tenant shares: what one's own organizations are asked about it. */
export function ChainContract() {
  const { t } = useTranslation();
  const { chain, channel, contract } = route.useParams();
  return (
    <div className="stack">
      <div>
        <Link to="/chains/$chain/contracts" params={{ chain }}>
          {t('chain.tabs.contracts')}
        </Link>
        <h2>{t('chain.activity.onContract', { name: contract, channel })}</h2>
      </div>
      <ProposalCard place={{ chain, channel, contract }} />
    </div>
  );
}
