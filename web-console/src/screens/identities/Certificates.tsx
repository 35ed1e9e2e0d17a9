import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { narrowed } from '@/api/queries';
import { useFormat } from '@/i18n/format';
import { Badge, ChoiceFilter, type Column, DataTable, Empty, SearchFilter, Time, type Tone } from '@/kit';
import './identities.css';
import { CERTIFICATE_TYPES, type Certificate, certificatesQuery } from './queries';

const route = getRouteApi('/shell/identities');
const WITHIN = ['7d', '30d', '90d'] as const;
const TONES: Record<Certificate['band'], Tone> = {
  expired: 'bad',
  within7Days: 'bad',
  within30Days: 'warn',
  within90Days: 'warn',
  later: 'ok',
};

/** Every certificate with the days that it is still good for, and what breaks afterwards. */
export function Certificates() {
  const { t } = useTranslation();
  const format = useFormat();
  const { organization, within, type } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(certificatesQuery({ organization, within, type }));
  const columns: Column<Certificate>[] = [
    { id: 'name', head: t('identities.certificate.bearer'), cell: ({ name }) => <code>{name}</code> },
    { id: 'type', head: t('identities.certificate.type'), cell: (each) => t(`identities.type.${each.type}`) },
    { id: 'organization', head: t('identities.organization'), cell: (each) => each.organization },
    {
      id: 'expires',
      head: t('identities.certificate.expires'),
      cell: ({ expireTime }) => <Time value={expireTime} />,
    },
    {
      id: 'days',
      head: t('identities.certificate.days'),
      align: 'end',
      cell: ({ daysLeft, band }) => <Badge tone={TONES[band]}>{format.number(daysLeft)}</Badge>,
    },
    {
      id: 'renewal',
      head: t('identities.certificate.renewal'),
      cell: ({ renewal }) => t(`identities.renewal.${renewal}`),
    },
    {
      id: 'impact',
      head: t('identities.certificate.impact'),
      cell: ({ impact }) => <div className="certificate-impact">{impact}</div>,
    },
  ];
  return (
    <div className="stack">
      <search className="row">
        <ChoiceFilter
          label={t('identities.certificate.expires')}
          any={t('identities.certificate.anyTime')}
          choices={WITHIN}
          words={(each) => t('identities.certificate.within', { days: each.slice(0, -1) })}
          value={within}
          onChange={(value) => navigate({ search: narrowed('within', value) })}
        />
        <ChoiceFilter
          label={t('identities.certificate.type')}
          any={t('identities.certificate.anyType')}
          choices={CERTIFICATE_TYPES}
          words={(each) => t(`identities.type.${each}`)}
          value={type}
          onChange={(value) => navigate({ search: narrowed('type', value) })}
        />
        <SearchFilter
          label={t('identities.organization')}
          value={organization}
          onChange={(value) => navigate({ search: narrowed('organization', value), replace: true })}
        />
      </search>
      <DataTable
        label={t('identities.tabs.certificates')}
        query={query}
        columns={columns}
        rowKey={({ name, type: kind, serialNumber }) => `${kind} ${name} ${serialNumber ?? ''}`}
        empty={<Empty title={t('identities.certificate.none')} text={t('identities.certificate.noneText')} />}
        onClearFilter={
          organization || within || type ? () => navigate({ search: { tab: 'certificates' } }) : undefined
        }
      />
    </div>
  );
}
