import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { useFormat } from '@/i18n/format';
import { Button, Code } from '@/kit';
import { curlOf, yamlOf } from './draft';
import { StepCard } from './StepCard';

/** What will be made, what cannot be changed later, and the same for those who automate. */
export function Review({ chain }: { chain: Schemas['NewChain'] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [form, setForm] = useState<'yaml' | 'curl'>('yaml');
  const { spec } = chain;
  const contracts = spec.contracts ?? [];
  return (
    <StepCard title={t('newChain.step.review')} text={t('newChain.review.text')}>
      <dl className="facts">
        <dt>{t('newChain.purpose.displayName')}</dt>
        <dd>
          {spec.displayName} <span className="mono muted">{chain.name}</span>
        </dd>
        <dt>{t('newChain.step.members')}</dt>
        <dd>
          {format.list(
            (spec.members ?? []).map(({ organization, peers }) =>
              t('newChain.review.member', { organization, count: peers ?? 1 }),
            ),
          )}
        </dd>
        <dt>{t('newChain.network.orderers')}</dt>
        <dd>{spec.ordering?.replicas}</dd>
        <dt>{t('newChain.network.channel')}</dt>
        <dd className="mono">{spec.channels?.[0]?.name}</dd>
        {contracts.length > 0 && (
          <>
            <dt>{t('newChain.network.contract')}</dt>
            <dd className="mono">{contracts.map(({ name }) => name).join(', ')}</dd>
          </>
        )}
      </dl>
      <div className="notice notice-warn">
        <div>
          <strong>{t('newChain.review.fixed')}</strong>
          <ul className="effects">
            <li>{t('newChain.review.fixedName', { name: chain.name })}</li>
            <li>{t('newChain.review.fixedChannel', { channel: spec.channels?.[0]?.name ?? '' })}</li>
            <li>{t('newChain.review.fixedStorage')}</li>
          </ul>
        </div>
      </div>
      <div className="stack-s">
        <fieldset className="row">
          <legend className="visually-hidden">{t('newChain.review.same')}</legend>
          <strong className="grow">{t('newChain.review.same')}</strong>
          <Button size="small" aria-pressed={form === 'yaml'} onClick={() => setForm('yaml')}>
            YAML
          </Button>
          <Button size="small" aria-pressed={form === 'curl'} onClick={() => setForm('curl')}>
            curl
          </Button>
        </fieldset>
        <Code
          label={t('newChain.review.same')}
          text={form === 'yaml' ? yamlOf(chain) : curlOf(chain, window.location.origin)}
        />
      </div>
    </StepCard>
  );
}
