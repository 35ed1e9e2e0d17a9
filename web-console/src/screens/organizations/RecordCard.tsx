import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '@/api/client';
import { ApiError } from '@/api/problem';
import { Button, Card, Loaded, useRefusal } from '@/kit';
import { RecordBadge, RecordFacts } from './RecordFacts';
import { RecordForm } from './RecordForm';

const recordQuery = (name: string) => ({
  queryKey: ['organizations', name, 'record'],
  queryFn: async () => {
    try {
      return await call(api.GET('/v1/organizations/{name}/record', { params: { path: { name } } }));
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  },
  // Somebody else decides.
  refetchInterval: 10_000,
});

/** Which legal party an organization is, whether the platform has found that true, and another submission. */
export function RecordCard({ name }: { name: string }) {
  const { t } = useTranslation();
  const refusal = useRefusal('organizations:write');
  const query = useQuery(recordQuery(name));
  const [isOpen, setOpen] = useState(false);
  const action =
    query.data === null ? t('organizations.record.submit') : t('organizations.record.submitAgain');
  return (
    <Card
      title={t('organizations.record.title')}
      actions={query.data && <RecordBadge state={query.data.state} />}
    >
      <Loaded query={query}>
        {(record) => (
          <div className="stack">
            {record === null ? (
              <p className="muted">{t('organizations.record.none')}</p>
            ) : (
              <>
                {record.state === 'refused' && (
                  <div className="notice notice-bad" role="status">
                    {t('organizations.record.because', { reason: record.reason })}
                  </div>
                )}
                <RecordFacts record={record} />
              </>
            )}
            <div>
              <Button disabledReason={refusal} onClick={() => setOpen(true)}>
                {action}
              </Button>
            </div>
            {isOpen && <RecordForm name={name} record={record} onClose={() => setOpen(false)} />}
          </div>
        )}
      </Loaded>
    </Card>
  );
}
