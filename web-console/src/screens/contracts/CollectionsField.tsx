import { useTranslation } from 'react-i18next';
import { Field, Textarea } from '@/kit';
import type { Props } from './DefinitionFields';
import { collectionsOf } from './definition';

const EXAMPLE = `[{ "name": "prices", "policy": "OR('BankMSP.member', 'AuditMSP.member')" }]`;

/** Private data collections, as JSON: what they may have is in the API's reference. */
export function CollectionsField({ draft, onChange, wrong }: Props) {
  const { t } = useTranslation();
  const isWrong = collectionsOf(draft.collections) === undefined;
  return (
    <Field
      label={t('contracts.collections')}
      hint={t('contracts.collectionsHint')}
      error={isWrong ? t('contracts.collectionsForm') : wrong('/spec/collections')}
    >
      <Textarea
        className="input mono"
        placeholder={EXAMPLE}
        value={draft.collections}
        ref={(input) => input?.setCustomValidity(isWrong ? t('contracts.collectionsForm') : '')}
        onChange={(event) => onChange({ collections: event.target.value })}
      />
    </Field>
  );
}
