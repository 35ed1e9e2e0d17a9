import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { Badge, Button, Card, Code, type Column, Hash, Loaded, Table, type Tone, useRefusal } from '@/kit';
import './contracts.css';
import { Decide } from './Decide';
import { DefinitionDiff } from './DefinitionDiff';
import type { Change } from './definition';
import { type Approvals, approvalsQuery, type Place, type Proposal } from './queries';

type Organization = Schemas['OrganizationApproval'];

const TONES: Record<Schemas['ApprovalStanding'], Tone> = { approved: 'ok', waiting: 'busy', rejected: 'bad' };

/** How many have approved a definition, of how many, and how many are enough. */
export function ApprovalCount({ proposal }: { proposal: Proposal }) {
  const { t } = useTranslation();
  const organizations = proposal.organizations ?? [];
  return t('contracts.approved.count', {
    approved: organizations.filter(({ standing }) => standing === 'approved').length,
    all: organizations.length,
    needed: proposal.needed,
  });
}

/** What is proposed for a contract, what each organization makes of it, and one's own word on it. */
export function ProposalCard({ place }: { place: Place }) {
  const { t } = useTranslation();
  const query = useQuery(approvalsQuery(place));
  return (
    <Card title={t('contracts.approved.title')}>
      <Loaded query={query}>
        {(approvals) =>
          approvals.proposal ? (
            <Shown place={place} approvals={approvals} proposal={approvals.proposal} />
          ) : (
            <p className="muted">{t('contracts.approved.none')}</p>
          )
        }
      </Loaded>
    </Card>
  );
}

type ShownProps = { place: Place; approvals: Approvals; proposal: Proposal };

function Shown({ place, approvals, proposal }: ShownProps) {
  const { t } = useTranslation();
  return (
    <div className="stack">
      <div className="row">
        <strong>
          <ApprovalCount proposal={proposal} />
        </strong>
        <Badge tone={proposal.committed ? 'ok' : 'busy'}>
          {proposal.committed ? t('contracts.approved.committed') : t('contracts.approved.open')}
        </Badge>
      </div>
      {!proposal.committed && <Proposed approvals={approvals} proposal={proposal} />}
      <Organizations place={place} approvals={approvals} proposal={proposal} />
    </div>
  );
}

/** What would be committed, beside what is. */
function Proposed({ approvals: { version, sequence }, proposal }: Omit<ShownProps, 'place'>) {
  const { t } = useTranslation();
  const { collections = [], endorsementPolicy, initRequired, packageId } = proposal;
  const changes: Change[] = [
    {
      field: 'sequence',
      from: sequence == null ? undefined : String(sequence),
      to: String(proposal.sequence),
    },
    { field: 'version', from: version ?? undefined, to: proposal.version },
  ];
  return (
    <section className="stack-s">
      <DefinitionDiff
        changes={changes}
        before={t('contracts.approved.current')}
        after={t('contracts.upgrade.after')}
      />
      <dl className="facts">
        <dt>{t('contracts.policy.label')}</dt>
        <dd>{endorsementPolicy ? <code>{endorsementPolicy}</code> : t('contracts.policy.majority')}</dd>
        <dt>{t('contracts.definition.init')}</dt>
        <dd>{initRequired ? t('contracts.definition.yes') : t('contracts.definition.no')}</dd>
        {packageId && (
          <>
            <dt>{t('contracts.definition.package')}</dt>
            <dd>
              <Hash value={packageId} />
            </dd>
          </>
        )}
      </dl>
      {collections.length > 0 && (
        <Code text={JSON.stringify(collections, null, 2)} label={t('contracts.collections')} />
      )}
    </section>
  );
}

function Organizations({ place, approvals, proposal }: ShownProps) {
  const { t } = useTranslation();
  const refusal = useRefusal('governance:vote');
  const [deciding, setDeciding] = useState<{ organization: string; approves: boolean }>();
  const own = new Map(approvals.members.map((member) => [member.organization, member]));
  const decide = ({ organization, standing }: Organization) => {
    const member = own.get(organization);
    // What is approved stands on the ledger.
    if (!member || standing === 'approved') return null;
    const reason = refusal ?? (member.mayDecide ? undefined : t('contracts.approved.notYours'));
    return (
      <div className="row">
        <Button
          size="small"
          look="primary"
          disabledReason={reason}
          onClick={() => setDeciding({ organization, approves: true })}
        >
          {t('contracts.decide.approve')}
        </Button>
        {standing !== 'rejected' && (
          <Button
            size="small"
            look="danger"
            disabledReason={reason}
            onClick={() => setDeciding({ organization, approves: false })}
          >
            {t('contracts.decide.reject')}
          </Button>
        )}
      </div>
    );
  };
  const columns: Column<Organization>[] = [
    {
      id: 'organization',
      head: t('contracts.call.organization'),
      cell: ({ organization, mspId }) => (
        <>
          <strong>{organization}</strong>
          <div className="muted mono small">{mspId}</div>
        </>
      ),
    },
    {
      id: 'standing',
      head: t('contracts.approved.standing'),
      cell: ({ standing = 'waiting', reason }) => (
        <>
          <Badge tone={TONES[standing]}>{t(`contracts.approved.${standing}`)}</Badge>
          {reason && <div className="small">{reason}</div>}
        </>
      ),
    },
    {
      id: 'installed',
      head: t('contracts.approved.installed'),
      align: 'end',
      cell: ({ installed, peers }) => t('contracts.approved.of', { installed, peers }),
    },
    { id: 'decide', head: t('contracts.decide.title'), cell: decide },
  ];
  return (
    <>
      <Table
        label={t('contracts.approved.organizations')}
        columns={columns}
        rows={proposal.organizations ?? []}
        rowKey={({ organization, mspId }) => `${organization} ${mspId}`}
      />
      {deciding && (
        <Decide place={place} proposal={proposal} {...deciding} onClose={() => setDeciding(undefined)} />
      )}
    </>
  );
}
