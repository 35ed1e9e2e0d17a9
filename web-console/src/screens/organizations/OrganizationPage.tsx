import { queryOptions, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, call } from '@/api/client';
import type { Organization } from '@/api/queries';
import { Card, Code, Copy, Loaded, PageHead, StateBadge, Time } from '@/kit';
import { RecordCard } from './RecordCard';

const route = getRouteApi('/shell/organizations/$organization');

const organizationQuery = (name: string) =>
  queryOptions({
    queryKey: ['organizations', name],
    queryFn: () => call(api.GET('/v1/organizations/{name}', { params: { path: { name } } })),
    refetchInterval: ({ state: { data } }) =>
      data?.state === 'pending' || data?.state === 'provisioning' ? 1000 : false,
  });

/** One organization: who it is, its certificate authority, and its record in the register. */
export function OrganizationPage() {
  const { t } = useTranslation();
  const { organization: name } = route.useParams();
  const query = useQuery(organizationQuery(name));
  const title = query.data?.spec.displayName ?? name;
  return (
    <>
      <PageHead
        title={title}
        crumbs={<Link to="/organizations">{t('organizations.title')}</Link>}
        heading={
          <span className="row">
            {title}
            {query.data && <StateBadge state={query.data.state} />}
          </span>
        }
      >
        <Link to="/identities" search={{ tab: 'certificates', organization: name }} className="button">
          {t('organizations.certificates')}
        </Link>
      </PageHead>
      <Loaded query={query}>
        {(organization) => (
          <div className="stack">
            <Facts organization={organization} />
            <Authority name={name} />
            <RecordCard name={name} />
          </div>
        )}
      </Loaded>
    </>
  );
}

function Facts({ organization: { name, spec, status } }: { organization: Organization }) {
  const { t } = useTranslation();
  return (
    <Card title={t('organizations.facts')}>
      <dl className="facts">
        <dt>{t('organizations.name')}</dt>
        <dd className="mono">{name}</dd>
        <dt>{t('organizations.mspId')}</dt>
        <dd className="mono">{status?.mspId ?? '–'}</dd>
        <dt>{t('organizations.level.label')}</dt>
        <dd>{spec.level ? t(`organizations.level.${spec.level}`) : '–'}</dd>
        <dt>{t('organizations.region')}</dt>
        <dd>{spec.region ?? '–'}</dd>
        <dt>{t('organizations.parent')}</dt>
        <dd>{spec.parent ?? '–'}</dd>
        <dt>{t('organizations.role')}</dt>
        <dd>{spec.regulator ? t('organizations.regulator') : t('organizations.member')}</dd>
        {status?.expireTime && (
          <>
            <dt>{t('organizations.rootsExpire')}</dt>
            <dd>
              <Time value={status.expireTime} />
            </dd>
          </>
        )}
      </dl>
    </Card>
  );
}

function Authority({ name }: { name: string }) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: ['organizations', name, 'certificate-authority'],
    queryFn: () =>
      call(api.GET('/v1/organizations/{name}/certificate-authority', { params: { path: { name } } })),
  });
  return (
    <Card title={t('organizations.ca.title')}>
      <Loaded query={query}>
        {(authority) => (
          <div className="stack">
            <p className="muted">{t('organizations.ca.text')}</p>
            <dl className="facts">
              <dt>{t('organizations.ca.url')}</dt>
              <dd className="mono">
                {authority.url} <Copy text={authority.url} />
              </dd>
              <dt>{t('organizations.ca.name')}</dt>
              <dd className="mono">{authority.name}</dd>
              <dt>{t('organizations.ca.tlsName')}</dt>
              <dd className="mono">{authority.tlsName}</dd>
            </dl>
            <details>
              <summary>{t('organizations.ca.chain')}</summary>
              <Code text={authority.caChain} label={t('organizations.ca.chain')} />
            </details>
          </div>
        )}
      </Loaded>
    </Card>
  );
}
