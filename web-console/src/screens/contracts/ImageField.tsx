import { useTranslation } from 'react-i18next';
import { Field, Input } from '@/kit';
import type { Props } from './DefinitionFields';
import { isImageByDigest } from './definition';

/** A container image by digest: what is approved today must be what runs tomorrow. */
export function ImageField({ draft, onChange, wrong }: Props) {
  const { t } = useTranslation();
  const isWrong = draft.image.trim() !== '' && !isImageByDigest(draft.image.trim());
  return (
    <Field
      label={t('contracts.image.label')}
      hint={t('contracts.image.hint')}
      error={isWrong ? t('contracts.image.form') : wrong('/spec/image')}
      required
    >
      <Input
        required
        placeholder="registry.example/contracts/kpi@sha256:…"
        value={draft.image}
        ref={(input) => input?.setCustomValidity(isWrong ? t('contracts.image.form') : '')}
        onChange={(event) => onChange({ image: event.target.value })}
      />
    </Field>
  );
}
