import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { Problem, Select, useRefusal } from '@/kit';
import { useMembership } from './membership';

type Approval = Schemas['ContractApproval'];

type Props = { chain: string; organization: string; approval: Approval };

/** Who approves contracts' definitions for an organization: the platform, or somebody of it. */
export function ApprovesContracts({ chain, organization, approval }: Props) {
  const { t } = useTranslation();
  const refusal = useRefusal('chains:write');
  const membership = useMembership(chain, organization);
  if (!membership) return t(`chain.members.approval.${approval}`);
  const { change } = membership;
  return (
    <div className="stack-s">
      <Select
        aria-label={t('chain.members.approvalOf', { organization })}
        title={refusal}
        disabled={refusal !== undefined || change.isPending}
        value={change.isError ? approval : (change.variables?.contractApproval ?? approval)}
        onChange={({ target }) => change.mutate({ contractApproval: target.value as Approval })}
      >
        <option value="automatic">{t('chain.members.approval.automatic')}</option>
        <option value="manual">{t('chain.members.approval.manual')}</option>
      </Select>
      {change.error && <Problem error={change.error} />}
    </div>
  );
}
