import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Operation } from '@/api/queries';
import { useMay } from '@/api/session';
import { LinkButton } from '@/kit';
import { calledName, contractsQuery } from '../contracts/queries';

/** Where to go once something has been made: one way that most take, and those beside it. */
export function NextSteps({ operation: { type, target } }: { operation: Operation }) {
  if (type !== 'create') return null;
  if (target.kind === 'Chain') return <OfChain chain={target.name} />;
  if (target.kind === 'Contract') return <Call contract={target.name} />;
  return null;
}

function OfChain({ chain }: { chain: string }) {
  const { t } = useTranslation();
  const mayRead = useMay('contracts:read');
  const mayDeploy = useMay('contracts:deploy');
  const { data, isPending } = useInfiniteQuery({ ...contractsQuery({ q: chain }), enabled: mayRead });
  if (mayRead && isPending) return null;
  const contract = data?.pages.flatMap(({ items }) => items).find(({ spec }) => spec.chain === chain);
  return (
    <>
      {contract ? (
        <Call contract={contract.name} called={calledName(contract)} />
      ) : (
        mayDeploy && (
          <LinkButton look="primary" to="/contracts/new" search={{ chain }}>
            {t('operation.next.deploy')}
          </LinkButton>
        )
      )}
      <Link to="/chains/$chain" params={{ chain }}>
        {t('operation.next.chain')}
      </Link>
    </>
  );
}

function Call({ contract, called }: { contract: string; called?: string }) {
  const { t } = useTranslation();
  return (
    <LinkButton look="primary" to="/contracts/$contract" params={{ contract }} search={{ tab: 'console' }}>
      {called ? t('operation.next.call', { contract: called }) : t('operation.next.callIt')}
    </LinkButton>
  );
}
