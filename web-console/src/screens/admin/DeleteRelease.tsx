import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, call, once } from '@/api/client';
import { DangerDialog, Dialog, Loaded } from '@/kit';
import { Blockers } from './Blockers';
import type { NodeRelease } from './queries';

/** Withdraws a release, or says what still needs it. */
export function DeleteRelease({ release, onClose }: { release: NodeRelease; onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { name, etag } = release;
  const query = useQuery({
    queryKey: ['admin', 'releases', name, 'deletable'],
    queryFn: () => call(api.GET('/v1/node-releases/{name}:deletable', { params: { path: { name } } })),
  });
  const title = t('admin.releases.delete', { name });
  if (query.data?.deletable) {
    return (
      <DangerDialog
        title={title}
        name={name}
        effects={[t('admin.releases.deleteEffect')]}
        action={t('admin.delete.button')}
        onClose={onClose}
        onConfirm={async () => {
          await call(
            api.DELETE('/v1/node-releases/{name}', {
              params: { path: { name }, header: { 'If-Match': etag } },
              headers: once(),
            }),
          );
          await queries.invalidateQueries({ queryKey: ['admin', 'releases'] });
        }}
      />
    );
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <Loaded query={query}>
        {({ blockers }) => (
          <div className="stack">
            <p>{t('admin.delete.blocked')}</p>
            <Blockers blockers={blockers} />
          </div>
        )}
      </Loaded>
    </Dialog>
  );
}
