import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { Field, Input } from '@/kit';

const COUNTS = ['chains', 'organizations', 'peers', 'requestsPerSecond'] as const;

/** Quotas as they are typed: an empty one does not limit. */
export type QuotaTexts = Record<(typeof COUNTS)[number] | 'storage', string>;

export const quotaTexts = (quotas: Schemas['Quotas'] = {}): QuotaTexts => ({
  chains: String(quotas.chains ?? ''),
  organizations: String(quotas.organizations ?? ''),
  peers: String(quotas.peers ?? ''),
  requestsPerSecond: String(quotas.requestsPerSecond ?? ''),
  storage: quotas.storage ?? '',
});

/** What was typed, with `null` for what does not limit: a patch takes it away, and a new tenant has none. */
export const quotasOf = (texts: QuotaTexts): Schemas['Quotas'] => ({
  ...Object.fromEntries(COUNTS.map((kind) => [kind, texts[kind] === '' ? null : Number(texts[kind])])),
  storage: texts.storage.trim() || null,
});

type Props = {
  texts: QuotaTexts;
  onChange: (texts: QuotaTexts) => void;
  wrong: (pointer: string) => string | undefined;
};

export function QuotaFields({ texts, onChange, wrong }: Props) {
  const { t } = useTranslation();
  return (
    <fieldset className="stack-s">
      <legend className="field-label">{t('usage.quotas')}</legend>
      <p className="field-hint">{t('admin.tenants.quotasHint')}</p>
      <div className="grid">
        {COUNTS.map((kind) => (
          <Field key={kind} label={t(`usage.kind.${kind}`)} error={wrong(`/spec/quotas/${kind}`)}>
            <Input
              type="number"
              min={0}
              value={texts[kind]}
              onChange={({ target }) => onChange({ ...texts, [kind]: target.value })}
            />
          </Field>
        ))}
        <Field label={t('usage.kind.storage')} error={wrong('/spec/quotas/storage')}>
          <Input
            placeholder="500Gi"
            value={texts.storage}
            onChange={({ target }) => onChange({ ...texts, storage: target.value })}
          />
        </Field>
      </div>
    </fieldset>
  );
}
