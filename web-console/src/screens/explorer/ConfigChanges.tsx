import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { Badge, Empty } from '@/kit';

type ConfigChange = Schemas['ConfigChange'];

const tone = ({ before, after }: ConfigChange) => (before == null ? 'ok' : after == null ? 'bad' : 'warn');

/** What a configuration block changed, element by element, as it was and as it is. */
export function ConfigChanges({ changes, isFirst }: { changes: ConfigChange[]; isFirst: boolean }) {
  const { t } = useTranslation();
  if (changes.length === 0)
    return <Empty title={t('explorer.config.none')} text={t('explorer.config.noneText')} />;
  const word = {
    ok: t('explorer.config.added'),
    bad: t('explorer.config.removed'),
    warn: t('explorer.config.changed'),
  };
  return (
    <div className="stack">
      <p className="muted">{isFirst ? t('explorer.config.first') : t('explorer.config.text')}</p>
      <ul className="config-changes">
        {changes.map((change) => (
          <li key={`${change.kind} ${change.path}`} className="stack-s">
            <div className="row">
              <Badge tone={tone(change)}>{word[tone(change)]}</Badge>
              <span className="mono config-path">{change.path}</span>
              <span className="muted small">
                <Kind kind={change.kind} />
              </span>
            </div>
            {change.before != null && (
              <del>
                <span className="visually-hidden">{t('explorer.config.before')}: </span>
                {change.before}
              </del>
            )}
            {change.after != null && (
              <ins>
                <span className="visually-hidden">{t('explorer.config.after')}: </span>
                {change.after}
              </ins>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** What kind of element it is; kinds that this console has no word for are shown as the API says them. */
function Kind({ kind }: { kind: string }) {
  const { t } = useTranslation();
  if (kind === 'Group') return t('explorer.config.group');
  if (kind === 'Value') return t('explorer.config.value');
  if (kind === 'Policy') return t('explorer.config.policy');
  return kind;
}
