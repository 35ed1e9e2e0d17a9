import { useTranslation } from 'react-i18next';
import { Check, Choices, Field, Input, Textarea } from '@/kit';
import { CollectionsField } from './CollectionsField';
import type { Draft } from './definition';
import { ImageField } from './ImageField';
import { PackageField } from './PackageField';
import type { Source } from './queries';
import { TemplateField, TemplateSettings } from './TemplateFields';

const SOURCES: Source[] = ['template', 'external', 'image', 'package'];

export type Props = {
  draft: Draft;
  onChange: (change: Partial<Draft>) => void;
  /** What the server says about a field, by its pointer. */
  wrong: (pointer: string) => string | undefined;
};

/** What serves a contract. */
export function SourceFields({ draft, onChange, wrong }: Props) {
  const { t } = useTranslation();
  return (
    <div className="stack">
      <Choices
        label={t('contracts.servedBy')}
        value={draft.source}
        choices={SOURCES.map((source) => ({
          value: source,
          label: t(`contracts.source.${source}.name`),
          text: t(`contracts.source.${source}.text`),
        }))}
        onChange={(source) => onChange({ source })}
      />
      <SourceField draft={draft} onChange={onChange} wrong={wrong} />
    </div>
  );
}

function SourceField({ draft, onChange, wrong }: Props) {
  const { t } = useTranslation();
  switch (draft.source) {
    case 'template':
      return <TemplateField draft={draft} onChange={onChange} wrong={wrong} />;
    case 'external':
      return (
        <>
          <Field
            label={t('contracts.external.address')}
            hint={t('contracts.external.addressHint')}
            error={wrong('/spec/external/address')}
            required
          >
            <Input
              required
              placeholder="ledger-kpi.bank.example:9999"
              value={draft.address}
              onChange={(event) => onChange({ address: event.target.value })}
            />
          </Field>
          <Field
            label={t('contracts.external.rootCertificate')}
            hint={t('contracts.external.rootCertificateHint')}
            error={wrong('/spec/external/rootCertificate')}
          >
            <Textarea
              className="input mono"
              value={draft.rootCertificate}
              onChange={(event) => onChange({ rootCertificate: event.target.value })}
            />
          </Field>
        </>
      );
    case 'image':
      return <ImageField draft={draft} onChange={onChange} wrong={wrong} />;
    case 'package':
      return <PackageField draft={draft} onChange={onChange} wrong={wrong} />;
  }
}

/** How a contract is called and endorsed. */
export function TermFields({ draft, onChange, wrong }: Props) {
  const { t } = useTranslation();
  return (
    <div className="stack">
      <Field
        label={t('contracts.version')}
        hint={t('contracts.versionHint')}
        error={wrong('/spec/version')}
        required
      >
        <Input
          required
          maxLength={64}
          value={draft.version}
          onChange={(event) => onChange({ version: event.target.value })}
        />
      </Field>
      <Field
        label={t('contracts.policy.label')}
        hint={t('contracts.policy.hint')}
        error={wrong('/spec/endorsementPolicy')}
      >
        <Input
          className="input mono"
          placeholder="AND('BankMSP.member', 'AuditMSP.member')"
          value={draft.endorsementPolicy}
          onChange={(event) => onChange({ endorsementPolicy: event.target.value })}
        />
      </Field>
      {draft.source === 'template' ? (
        <TemplateSettings draft={draft} onChange={onChange} wrong={wrong} />
      ) : (
        <Field
          label={t('contracts.settings.label')}
          hint={t('contracts.settings.hint')}
          error={wrong('/spec/settings')}
        >
          <Textarea
            className="input mono"
            placeholder="CURRENCY=CNY"
            value={draft.settings}
            onChange={(event) => onChange({ settings: event.target.value })}
          />
        </Field>
      )}
      <CollectionsField draft={draft} onChange={onChange} wrong={wrong} />
      <Check
        label={t('contracts.initRequired')}
        checked={draft.initRequired}
        onChange={(event) => onChange({ initRequired: event.target.checked })}
      />
    </div>
  );
}
