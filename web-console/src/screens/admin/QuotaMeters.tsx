import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Meter } from '@/kit';

/** What is counted against a quota. */
type Counted = 'chains' | 'organizations' | 'peers';
type Props = { kind: Counted; used: number; limit: number | null | undefined };

/** How much of a quota is used, in one cell of a table. */
export function Used({ kind, used, limit }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  if (limit == null) return <span className="number">{format.number(used)}</span>;
  return (
    <span className="admin-used">
      <span className="number">
        {t('usage.usedOf', { used: format.number(used), limit: format.number(limit) })}
      </span>
      <Meter value={used} max={limit} label={t(`usage.kind.${kind}`)} />
    </span>
  );
}
