import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { useFormat } from '@/i18n/format';
import { Age, Badge, Card, Loaded, Table, Tile, Tiles, Time } from '@/kit';
import { healthQuery } from './queries';

type PlatformHealth = Schemas['PlatformHealth'];

/** How the platform itself is: what needs somebody first, then what it is made of. */
export function Health() {
  const query = useQuery(healthQuery);
  return (
    <Loaded query={query} lines={8}>
      {(health) => (
        <div className="stack">
          <Troubles health={health} />
          <Figures health={health} />
          <Replicas health={health} />
          <Certificates health={health} />
        </div>
      )}
    </Loaded>
  );
}

function Troubles({ health: { troubles, time } }: { health: PlatformHealth }) {
  const { t } = useTranslation();
  if (troubles.length === 0) {
    return (
      <p className="notice notice-ok" role="status">
        <strong className="grow">{t('admin.health.well')}</strong>
        <small className="muted">
          <Time value={time} />
        </small>
      </p>
    );
  }
  return (
    <section className="stack-s" aria-label={t('admin.health.troubles')}>
      {troubles.map(({ code, message }) => (
        <div key={`${code} ${message}`} className="notice notice-bad" role="alert">
          <div className="stack-s">
            <strong>{t(`admin.health.trouble.${code}`)}</strong>
            <span>{message}</span>
          </div>
        </div>
      ))}
    </section>
  );
}

function Figures({ health }: { health: PlatformHealth }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { version, database, operator, webhooks, indexes, auditAnchor } = health;
  return (
    <Tiles isLive>
      <Tile label={t('admin.health.version')} isWords>
        {version.version}
      </Tile>
      <Tile
        label={t('admin.health.database')}
        note={t('admin.health.migration', { engine: database.engine, migration: database.migration })}
      >
        {t('admin.health.millis', { value: format.number(database.latencyMillis) })}
      </Tile>
      <Tile
        label={t('admin.health.operator')}
        isWords
        note={
          operator.lastPassTime && (
            <>
              {t('admin.health.lastPass')} <Age value={operator.lastPassTime} />
            </>
          )
        }
      >
        {operator.leader ? (
          <Badge tone="ok">{t('admin.health.leads')}</Badge>
        ) : (
          <Badge tone="bad">{t('admin.health.absent')}</Badge>
        )}
      </Tile>
      <Tile
        label={t('admin.health.webhooks')}
        note={t('admin.health.webhooksNote', { failing: webhooks.failing, disabled: webhooks.disabled })}
      >
        {format.number(webhooks.pending)}
      </Tile>
      <Tile
        label={t('admin.health.indexes')}
        note={t('admin.health.indexesNote', { blocks: format.number(indexes.blocks) })}
      >
        {t('usage.usedOf', { used: format.number(indexes.behind), limit: format.number(indexes.ledgers) })}
      </Tile>
      <Tile
        label={t('admin.health.anchor')}
        note={auditAnchor.place ? <code>{auditAnchor.place}</code> : t('admin.health.noAnchor')}
      >
        {auditAnchor.place ? format.number(auditAnchor.unanchoredTenants) : '–'}
      </Tile>
    </Tiles>
  );
}

function Replicas({ health: { replicas } }: { health: PlatformHealth }) {
  const { t } = useTranslation();
  return (
    <div className="stack-s">
      <h2>{t('admin.health.replicas')}</h2>
      <Table
        label={t('admin.health.replicas')}
        columns={[
          { id: 'name', head: t('admin.health.replica'), cell: ({ name }) => <code>{name}</code> },
          { id: 'version', head: t('admin.health.version'), cell: ({ version }) => version },
          {
            id: 'started',
            head: t('admin.health.started'),
            cell: ({ startTime }) => <Age value={startTime} />,
          },
          { id: 'seen', head: t('admin.health.seen'), cell: ({ seenTime }) => <Age value={seenTime} /> },
        ]}
        rows={replicas}
        rowKey={({ name }) => name}
      />
    </div>
  );
}

function Certificates({ health: { certificates } }: { health: PlatformHealth }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Card
      title={t('admin.health.certificates')}
      actions={
        <small className="muted">
          <Age value={certificates.checkTime} />
        </small>
      }
    >
      <Tiles>
        {(['expired', 'within7Days', 'within30Days', 'within90Days', 'overdue'] as const).map((band) => (
          <Tile key={band} label={t(`admin.health.band.${band}`)}>
            {format.number(certificates[band])}
          </Tile>
        ))}
      </Tiles>
    </Card>
  );
}
