import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schemas } from '@/api/client';
import {
  Button,
  Card,
  Code,
  DangerDialog,
  Field,
  Hash,
  Loaded,
  PageHead,
  Problem,
  Select,
  StateBadge,
  Time,
  useRefusal,
} from '@/kit';
import { StandingBadge } from './IdentityList';
import { type Identity, identityQuery } from './queries';

const route = getRouteApi('/shell/identities/$identity');

/** One identity: its certificate, and what can be done to it. */
export function IdentityPage() {
  const { t } = useTranslation();
  const { identity: name } = route.useParams();
  const query = useQuery(identityQuery(name));
  return (
    <>
      <PageHead
        title={name}
        crumbs={<Link to="/identities">{t('identities.title')}</Link>}
        heading={
          <span className="row">
            {name}
            {query.data && (
              <StandingBadge {...(query.data.spec.standing && { standing: query.data.spec.standing })} />
            )}
            {query.data && query.data.state !== 'ready' && <StateBadge state={query.data.state} />}
          </span>
        }
      />
      <Loaded query={query}>{(identity) => <Detail identity={identity} />}</Loaded>
    </>
  );
}

function Detail({ identity }: { identity: Identity }) {
  const { t } = useTranslation();
  const { spec, status = {} } = identity;
  return (
    <div className="stack">
      <Actions identity={identity} />
      <Card title={t('identities.tabs.certificates')}>
        <div className="stack">
          <dl className="facts">
            <dt>{t('identities.organization')}</dt>
            <dd>
              <Link to="/organizations/$organization" params={{ organization: spec.organization }}>
                {spec.organization}
              </Link>
            </dd>
            <dt>{t('identities.role.label')}</dt>
            <dd>{t(`identities.role.${spec.role ?? 'client'}`)}</dd>
            <dt>{t('identities.issue.who')}</dt>
            <dd>{spec.certificateRequest ? t('identities.held.bearer') : t('identities.held.platform')}</dd>
            {status.serialNumber && (
              <>
                <dt>{t('identities.serial')}</dt>
                <dd>
                  <Hash value={status.serialNumber} />
                </dd>
              </>
            )}
            {status.expireTime && (
              <>
                <dt>{t('identities.certificate.expires')}</dt>
                <dd>
                  <Time value={status.expireTime} />
                </dd>
              </>
            )}
            {spec.revocationReason && (
              <>
                <dt>{t('identities.revoke.reason')}</dt>
                <dd>{t(`identities.reason.${spec.revocationReason}`)}</dd>
              </>
            )}
          </dl>
          {status.certificate && <Code text={status.certificate} label={t('identities.pem')} />}
        </div>
      </Card>
    </div>
  );
}

const REASONS = [
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
] as const satisfies Schemas['RevocationReason'][];

function Actions({ identity }: { identity: Identity }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const refusal = useRefusal('identities:issue');
  const [isRevoking, setRevoking] = useState(false);
  const [reason, setReason] = useState<Schemas['RevocationReason']>('keyCompromise');
  const params = { path: { name: identity.name } };
  const again = () =>
    Promise.all([
      queries.invalidateQueries({ queryKey: ['identities'] }),
      queries.invalidateQueries({ queryKey: ['certificates'] }),
    ]);
  const change = useMutation({
    mutationFn: async (verb: 'renew' | 'suspend' | 'resume') => {
      await call(api.POST(`/v1/identities/{name}:${verb}`, { params }));
    },
    onSuccess: again,
  });
  const standing = identity.spec.standing ?? 'good';
  const gone = standing === 'revoked' ? t('identities.revoke.already') : undefined;
  return (
    <div className="stack-s">
      <div className="row">
        <a className="button" href={`/v1/identities/${encodeURIComponent(identity.name)}/bundle`} download>
          {t('identities.bundle')}
        </a>
        <Button
          disabledReason={refusal ?? gone}
          busy={change.isPending && change.variables === 'renew'}
          onClick={() => change.mutate('renew')}
        >
          {t('identities.renew')}
        </Button>
        {standing === 'suspended' ? (
          <Button disabledReason={refusal} busy={change.isPending} onClick={() => change.mutate('resume')}>
            {t('identities.resume')}
          </Button>
        ) : (
          <Button
            disabledReason={refusal ?? gone}
            busy={change.isPending && change.variables === 'suspend'}
            onClick={() => change.mutate('suspend')}
          >
            {t('identities.suspend')}
          </Button>
        )}
        <Button look="danger" disabledReason={refusal ?? gone} onClick={() => setRevoking(true)}>
          {t('identities.revoke.button')}
        </Button>
      </div>
      {change.error && <Problem error={change.error} />}
      {isRevoking && (
        <DangerDialog
          title={t('identities.revoke.title', { name: identity.name })}
          name={identity.name}
          effects={[
            t('identities.revoke.everywhere'),
            t('identities.revoke.forGood'),
            <Field key="reason" label={t('identities.revoke.reason')}>
              <Select
                value={reason}
                onChange={(event) => setReason(event.target.value as Schemas['RevocationReason'])}
              >
                {REASONS.map((each) => (
                  <option key={each} value={each}>
                    {t(`identities.reason.${each}`)}
                  </option>
                ))}
              </Select>
            </Field>,
          ]}
          action={t('identities.revoke.button')}
          onClose={() => setRevoking(false)}
          onConfirm={async () => {
            await call(api.POST('/v1/identities/{name}:revoke', { params, body: { reason } }));
            await again();
          }}
        />
      )}
    </div>
  );
}
