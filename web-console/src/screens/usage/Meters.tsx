import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Meter } from '@/kit';
import { type QuotaUse, useQuotaWords } from './quotas';
import './usage.css';

/** Each quota: how much is used, of how much, and how much that is. */
export function Meters({ quotas }: { quotas: QuotaUse[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { name, amount } = useQuotaWords();
  return (
    <ul className="usage-meters">
      {quotas.map(({ quota, used, limit }) => (
        <li key={quota} className="stack-s">
          <div className="row row-apart">
            <span>{name(quota)}</span>
            <span className="number">
              {used === undefined ? (
                limit != null && t('usage.atMost', { limit: amount(quota, limit) })
              ) : limit == null ? (
                amount(quota, used)
              ) : (
                <>
                  {t('usage.usedOf', { used: amount(quota, used), limit: amount(quota, limit) })}{' '}
                  {limit > 0 && <span className="muted">({format.percent(used / limit)})</span>}
                </>
              )}
            </span>
          </div>
          {limit == null ? (
            <small className="muted">{t('usage.unlimited')}</small>
          ) : (
            used !== undefined && <Meter value={used} max={limit} label={name(quota)} />
          )}
        </li>
      ))}
    </ul>
  );
}
