import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { narrowed } from '@/api/queries';
import { Button, type Column, DataTable, Empty } from '@/kit';
import { allianceQuery, type Institution, LEVELS, SECTORS } from './alliance';
import { ReplaceAlliance } from './ReplaceAlliance';
import { Section } from './Section';

const route = getRouteApi('/shell/admin/alliance');

/** The institutions among which chains find their members. */
export function Alliance() {
  const { t } = useTranslation();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [isOpen, setOpen] = useState(false);
  const filter = {
    text: search.text,
    region: search.region,
    sector: SECTORS.find((each) => each === search.sector),
    level: LEVELS.find((each) => each === search.level),
  };
  const query = useInfiniteQuery(allianceQuery(filter));
  const replace = (
    <Button look="primary" onClick={() => setOpen(true)}>
      {t('admin.alliance.replace')}
    </Button>
  );
  const columns: Column<Institution>[] = [
    {
      id: 'name',
      head: t('admin.alliance.name'),
      cell: ({ name, displayName }) => (
        <>
          <strong>{displayName}</strong>
          <div className="muted mono">{name}</div>
        </>
      ),
    },
    {
      id: 'sector',
      head: t('admin.alliance.sector'),
      cell: ({ sector }) => t(`admin.alliance.sectors.${sector}`),
    },
    {
      id: 'level',
      head: t('organizations.level.label'),
      cell: ({ level }) => t(`organizations.level.${level}`),
    },
    { id: 'region', head: t('organizations.region'), cell: ({ region }) => region },
  ];
  return (
    <Section title={t('admin.alliance.title')} text={t('admin.alliance.text')} actions={replace}>
      <search className="row">
        {(['text', 'region'] as const).map((name) => (
          <input
            key={name}
            className="input filter"
            type="search"
            aria-label={t(`admin.alliance.by.${name}`)}
            placeholder={t(`admin.alliance.by.${name}`)}
            value={search[name] ?? ''}
            onChange={({ target }) => navigate({ search: narrowed(name, target.value), replace: true })}
          />
        ))}
        <select
          className="input filter"
          aria-label={t('admin.alliance.sector')}
          value={filter.sector ?? ''}
          onChange={({ target }) => navigate({ search: narrowed('sector', target.value) })}
        >
          <option value="">{t('admin.alliance.anySector')}</option>
          {SECTORS.map((each) => (
            <option key={each} value={each}>
              {t(`admin.alliance.sectors.${each}`)}
            </option>
          ))}
        </select>
        <select
          className="input filter"
          aria-label={t('organizations.level.label')}
          value={filter.level ?? ''}
          onChange={({ target }) => navigate({ search: narrowed('level', target.value) })}
        >
          <option value="">{t('admin.alliance.anyLevel')}</option>
          {LEVELS.map((each) => (
            <option key={each} value={each}>
              {t(`organizations.level.${each}`)}
            </option>
          ))}
        </select>
      </search>
      <DataTable
        label={t('admin.alliance.title')}
        query={query}
        columns={columns}
        rowKey={({ name }) => name}
        empty={
          <Empty title={t('admin.alliance.empty')} text={t('admin.alliance.text')}>
            {replace}
          </Empty>
        }
        onClearFilter={Object.values(filter).some(Boolean) ? () => navigate({ search: {} }) : undefined}
      />
      {isOpen && <ReplaceAlliance onClose={() => setOpen(false)} />}
    </Section>
  );
}
