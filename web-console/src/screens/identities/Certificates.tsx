import { useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import {
  Badge,
  ChoiceFilter,
  type Column,
  DataTable,
  Empty,
  SearchFilter,
  Time,
  type Tone,
  useFilter,
} from '@/kit';
import './identities.css';
import { CERTIFICATE_TYPES, type Certificate, certificatesQuery } from './queries';

const WITHIN = ['7d', '30d', '90d'] as const;
const TONES: Record<Certificate['band'], Tone> = {
  expired: 'bad',
  within7Days: 'bad',
  within30Days: 'warn',
  within90Days: 'warn',
  later: 'ok',
};

type Props = {
  /** The chain whose nodes and organizations they are of; absent: everything. */
  chain?: string;
  organizations?: string[];
};

/** Certificates with the days that they are still good for, and what breaks afterwards. */
export function Certificates({ chain, organizations }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const { filter, isFiltered, type, choose, clear } = useFilter('organization', 'within', 'type');
  const query = useInfiniteQuery(certificatesQuery({ ...filter, chain }));
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
          value={filter.within}
          onChange={(value) => choose('within', value)}
        />
        <ChoiceFilter
          label={t('identities.certificate.type')}
          any={t('identities.certificate.anyType')}
          choices={CERTIFICATE_TYPES}
          words={(each) => t(`identities.type.${each}`)}
          value={filter.type}
          onChange={(value) => choose('type', value)}
        />
        {organizations ? (
          <ChoiceFilter
            label={t('identities.organization')}
            any={t('identities.anyOrganization')}
            choices={organizations}
            words={(each) => each}
            value={filter.organization}
            onChange={(value) => choose('organization', value)}
          />
        ) : (
          <SearchFilter
            label={t('identities.organization')}
            value={filter.organization}
            onChange={(value) => type('organization', value)}
          />
        )}
      </search>
      <DataTable
        label={t('identities.tabs.certificates')}
        query={query}
        columns={columns}
        rowKey={({ name, type: kind, serialNumber }) => `${kind} ${name} ${serialNumber ?? ''}`}
        empty={<Empty title={t('identities.certificate.none')} text={t('identities.certificate.noneText')} />}
        onClearFilter={isFiltered ? clear : undefined}
      />
    </div>
  );
}
