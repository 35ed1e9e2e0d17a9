import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { narrowed } from '@/api/queries';
import { Button, ChoiceFilter, type Column, DataTable, Empty, SearchFilter } from '@/kit';
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
          <SearchFilter
            key={name}
            label={t(`admin.alliance.by.${name}`)}
            value={search[name]}
            onChange={(value) => navigate({ search: narrowed(name, value), replace: true })}
          />
        ))}
        <ChoiceFilter
          label={t('admin.alliance.sector')}
          any={t('admin.alliance.anySector')}
          choices={SECTORS}
          words={(each) => t(`admin.alliance.sectors.${each}`)}
          value={filter.sector}
          onChange={(value) => navigate({ search: narrowed('sector', value) })}
        />
        <ChoiceFilter
          label={t('organizations.level.label')}
          any={t('admin.alliance.anyLevel')}
          choices={LEVELS}
          words={(each) => t(`organizations.level.${each}`)}
          value={filter.level}
          onChange={(value) => navigate({ search: narrowed('level', value) })}
        />
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
