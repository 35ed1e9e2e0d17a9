import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { chainQuery } from '@/api/queries';
import { useSession } from '@/api/session';
import { Empty, Loaded } from '@/kit';
import { IdentityTabs } from '../identities/IdentityTabs';
import { ownOrganizations } from './organizations';

const route = getRouteApi('/shell/chains/$chain/identities');

/** Whom the chain's organizations vouch for, as far as they are the tenant's own, and what breaks when. */
export function ChainIdentities() {
  const { t } = useTranslation();
  const { chain: name } = route.useParams();
  const { tenant } = useSession();
  const query = useQuery(chainQuery(name));
  return (
    <Loaded query={query}>
      {(chain) => {
        const organizations = ownOrganizations(chain, tenant);
        if (organizations.length === 0)
          return <Empty title={t('chain.identities.none')} text={t('chain.identities.noneText')} />;
        return <IdentityTabs of={{ chain: name, organizations }} />;
      }}
    </Loaded>
  );
}
