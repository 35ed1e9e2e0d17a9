import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schemas } from '@/api/client';
import { useFormat } from '@/i18n/format';
import { Button, Dialog, Field, Input, Loaded, Problem } from '@/kit';
import { difference, directoryOf, wholeDirectory } from './alliance';

const SHOWN = 8;

/** Makes a file's institutions the whole directory, once one has seen what that changes. */
export function ReplaceAlliance({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [directory, setDirectory] = useState<Schemas['Directory']>();
  const [isUnread, setUnread] = useState(false);
  const current = useQuery({ queryKey: ['admin', 'alliance', 'whole'], queryFn: wholeDirectory });
  const replace = useMutation({
    mutationFn: (body: Schemas['Directory']) => call(api.PUT('/v1/admin/alliance', { body })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['admin', 'alliance'] });
      onClose();
    },
  });
  const read = async (file: File | undefined) => {
    replace.reset();
    const found = file && directoryOf(await file.text());
    setDirectory(found);
    setUnread(file !== undefined && found === undefined);
  };
  return (
    <Dialog kind="drawer" title={t('admin.alliance.replace')} onClose={onClose}>
      <div className="stack">
        <p className="muted">{t('admin.alliance.replaceText')}</p>
        <Field
          label={t('admin.alliance.file')}
          hint={<code>{'{"institutions": [{"name", "displayName", "sector", "region", "level"}]}'}</code>}
          error={isUnread ? t('admin.alliance.unread') : undefined}
        >
          <Input
            type="file"
            accept="application/json,.json"
            onChange={({ target }) => read(target.files?.[0])}
          />
        </Field>
        {directory && (
          <Loaded query={current}>
            {(before) => <Changes {...difference(before, directory.institutions)} />}
          </Loaded>
        )}
        {replace.error && <Problem error={replace.error} />}
        <div className="dialog-foot">
          <Button onClick={onClose}>{t('kit.cancel')}</Button>
          <Button
            look="danger"
            busy={replace.isPending}
            {...(!directory && { disabledReason: t('admin.alliance.chooseFirst') })}
            onClick={() => directory && replace.mutate(directory)}
          >
            {t('admin.alliance.replace')}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

function Changes(changes: ReturnType<typeof difference>) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <div className="admin-change">
      {(['added', 'changed', 'removed'] as const).map((kind) => (
        <div key={kind} className="stack-s">
          <dl className="stat">
            <dt>{t(`admin.alliance.changes.${kind}`)}</dt>
            <dd>{format.number(changes[kind].length)}</dd>
          </dl>
          <ul className="small muted">
            {changes[kind].slice(0, SHOWN).map(({ name, displayName }) => (
              <li key={name}>{displayName ?? name}</li>
            ))}
            {changes[kind].length > SHOWN && <li>…</li>}
          </ul>
        </div>
      ))}
    </div>
  );
}
