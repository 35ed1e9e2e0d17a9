import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, call } from '@/api/client';
import { Check, Choices, Field, Input, Select } from '@/kit';
import { PLANS, type Plan, withPlan } from './draft';
import { StepCard, type StepProps } from './StepCard';

const ORDERERS = [1, 3, 5] as const;

/** How the network is built: a plan, and each of its values. */
export function NetworkStep({ draft, change, wrong }: StepProps) {
  const { t } = useTranslation();
  const { data: releases } = useQuery({
    queryKey: ['node-releases'],
    queryFn: () => call(api.GET('/v1/node-releases')),
  });
  const preferred = releases?.items.find(({ spec }) => spec.default);
  return (
    <StepCard title={t('newChain.step.network')} text={t('newChain.network.text')}>
      <Choices
        label={t('newChain.network.plan')}
        value={draft.plan}
        onChange={(plan) => change(withPlan(draft, plan))}
        choices={(Object.keys(PLANS) as Plan[]).map((value) => ({
          value,
          label: t(`newChain.plan.${value}`),
          text: t(`newChain.planText.${value}`),
        }))}
      />
      <div className="wizard-fields">
        <Field
          label={t('newChain.network.orderers')}
          hint={t(`newChain.survives.${String(draft.orderers) as '1' | '3' | '5'}`)}
          error={wrong('/spec/ordering/replicas')}
        >
          <Select
            value={draft.orderers}
            onChange={(event) => change({ ...draft, orderers: Number(event.target.value) })}
          >
            {ORDERERS.map((count) => (
              <option key={count} value={count}>
                {count}
              </option>
            ))}
          </Select>
        </Field>
        <Field
          label={t('newChain.network.storage')}
          hint={t('newChain.network.storageHint')}
          error={wrong('/spec/storage/size')}
        >
          <Input
            value={draft.storage}
            onChange={(event) => change({ ...draft, storage: event.target.value })}
          />
        </Field>
        <Field
          label={t('newChain.network.release')}
          hint={t('newChain.network.releaseHint')}
          error={wrong('/spec/release')}
        >
          <Select
            value={draft.release}
            onChange={(event) => change({ ...draft, release: event.target.value })}
          >
            <option value="">
              {preferred
                ? t('newChain.network.preferred', {
                    version: `${preferred.spec.engine} ${preferred.spec.version}`,
                  })
                : t('newChain.network.anyRelease')}
            </option>
            {releases?.items.map(({ name, spec }) => (
              <option key={name} value={name}>
                {spec.engine} {spec.version}
              </option>
            ))}
          </Select>
        </Field>
        <Field
          label={t('newChain.network.channel')}
          hint={t('newChain.network.channelHint')}
          error={wrong('/spec/channels/0/name')}
        >
          <Input
            className="input mono"
            value={draft.channel}
            maxLength={249}
            onChange={(event) => change({ ...draft, channel: event.target.value })}
          />
        </Field>
        <Field label={t('newChain.network.contract')} hint={t('newChain.network.contractHint')}>
          <Select
            value={draft.contract}
            onChange={(event) => change({ ...draft, contract: event.target.value })}
          >
            <option value="">{t('newChain.network.noContract')}</option>
            <option value="evidence">{t('newChain.network.evidence')}</option>
          </Select>
        </Field>
      </div>
      <Check
        label={t('newChain.network.protection')}
        hint={t('newChain.network.protectionHint')}
        checked={draft.deletionProtection}
        onChange={(event) => change({ ...draft, deletionProtection: event.target.checked })}
      />
      <details>
        <summary>{t('newChain.network.advanced')}</summary>
        <div className="wizard-fields">
          <Field label={t('newChain.network.messages')} error={wrong('/spec/batch/maxMessageCount')}>
            <Input
              type="number"
              min={1}
              value={draft.maxMessageCount}
              onChange={(event) => change({ ...draft, maxMessageCount: Number(event.target.value) || 1 })}
            />
          </Field>
          <Field
            label={t('newChain.network.timeout')}
            hint={t('newChain.network.timeoutHint')}
            error={wrong('/spec/batch/timeout')}
          >
            <Input
              value={draft.timeout}
              onChange={(event) => change({ ...draft, timeout: event.target.value })}
            />
          </Field>
        </div>
      </details>
    </StepCard>
  );
}
