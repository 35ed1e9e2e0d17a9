import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { language } from '@/i18n';
import { Badge, Loaded, Table, Time, type Tone } from '@/kit';
import { securityQuery } from './queries';

type Check = Schemas['SecurityCheck'];

const TONES: Record<Check['state'], Tone> = { passed: 'ok', warning: 'warn', failed: 'bad' };
const NOTICES: Record<Check['state'], string> = {
  passed: 'notice notice-ok',
  warning: 'notice notice-warn',
  failed: 'notice notice-bad',
};

/** How safe the installation is, check by check: what was found, and what to do about it. */
export function Security() {
  const { t } = useTranslation();
  const query = useQuery(securityQuery(language()));
  return (
    <Loaded query={query} lines={8}>
      {({ state, checks, time }) => (
        <div className="stack">
          <p className={NOTICES[state]} role="status">
            <strong className="grow">{t(`admin.security.overall.${state}`)}</strong>
            <small className="muted">
              <Time value={time} />
            </small>
          </p>
          <Table
            label={t('admin.security.title')}
            columns={[
              { id: 'check', head: t('admin.security.check'), cell: ({ title }) => <strong>{title}</strong> },
              {
                id: 'state',
                head: t('admin.security.result'),
                cell: (check) => (
                  <Badge tone={TONES[check.state]}>{t(`admin.security.state.${check.state}`)}</Badge>
                ),
              },
              {
                id: 'finding',
                head: t('admin.security.finding'),
                cell: (check) => <Finding check={check} />,
              },
            ]}
            rows={checks}
            rowKey={({ aspect }) => aspect}
          />
        </div>
      )}
    </Loaded>
  );
}

function Finding({ check: { finding, fix } }: { check: Check }) {
  return (
    <div className="admin-finding">
      <div>{finding}</div>
      {fix && <div className="muted small">{fix}</div>}
    </div>
  );
}
