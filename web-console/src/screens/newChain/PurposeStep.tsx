import { useTranslation } from 'react-i18next';
import { Choices, Field, Input, Textarea } from '@/kit';
import { type Preset, withPreset } from './draft';
import { StepCard, type StepProps } from './StepCard';

const PRESETS: Preset[] = ['blank', 'finance', 'reconciliation', 'supply'];

/** What the chain is for, and what it is called. */
export function PurposeStep({
  draft,
  change,
  wrong,
  name,
  isTaken,
}: StepProps & { name: string; isTaken: boolean }) {
  const { t } = useTranslation();
  const choose = (preset: Preset) => {
    // A text of one's own stays; one that a preset has put there makes room for the next.
    const isOwn = draft.description !== '' && draft.description !== t(`newChain.charter.${draft.preset}`);
    const description = isOwn ? draft.description : t(`newChain.charter.${preset}`);
    change({ ...withPreset(draft, preset), description });
  };
  return (
    <StepCard title={t('newChain.step.purpose')} text={t('newChain.purpose.text')}>
      <Choices
        label={t('newChain.purpose.preset')}
        value={draft.preset}
        onChange={choose}
        choices={PRESETS.map((value) => ({
          value,
          label: t(`newChain.preset.${value}`),
          text: t(`newChain.presetText.${value}`),
        }))}
      />
      <Field label={t('newChain.purpose.displayName')} error={wrong('/spec/displayName')} required>
        <Input
          maxLength={64}
          autoFocus
          value={draft.displayName}
          onChange={(event) => change({ ...draft, displayName: event.target.value })}
        />
      </Field>
      <Field
        label={t('newChain.purpose.name')}
        hint={t('newChain.purpose.nameHint')}
        error={isTaken ? t('newChain.purpose.taken', { name }) : wrong('/name')}
      >
        <Input
          className="input mono"
          maxLength={63}
          placeholder={name}
          value={draft.name}
          onChange={(event) => change({ ...draft, name: event.target.value })}
        />
      </Field>
      <Field
        label={t('newChain.purpose.charter')}
        hint={t('newChain.purpose.charterHint')}
        error={wrong('/spec/description')}
      >
        <Textarea
          maxLength={2000}
          value={draft.description}
          onChange={(event) => change({ ...draft, description: event.target.value })}
        />
      </Field>
    </StepCard>
  );
}
