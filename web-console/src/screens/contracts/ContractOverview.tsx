import { useTranslation } from 'react-i18next';
import { Badge, Card, Code, Hash, Time, type Tone } from '@/kit';
import { ProposalCard } from './Proposal';
import { type Contract, calledName, sourceOf } from './queries';

const STEP_TONES: Record<string, Tone> = { succeeded: 'ok', running: 'busy', failed: 'bad' };

/** What is agreed about a contract, who has agreed, and how far its deployment is. */
export function ContractOverview({ contract }: { contract: Contract }) {
  const { t } = useTranslation();
  const { spec, status = {} } = contract;
  const source = sourceOf(spec);
  const channel = status.channel ?? spec.channel;
  const trouble = status.conditions?.find(
    ({ type, status: state }) => (type === 'Ready' || type === 'Accepted') && state === 'False',
  );
  const collections = spec.collections ?? [];
  const settings = Object.entries(spec.settings ?? {});
  return (
    <div className="stack">
      {trouble && contract.state !== 'ready' && (
        <div
          className={`notice ${contract.state === 'rejected' || contract.state === 'failed' ? 'notice-bad' : ''}`}
        >
          {trouble.message}
        </div>
      )}
      <div className="contract-cards">
        <Card title={t('contracts.definition.title')}>
          <dl className="facts">
            <dt>{t('contracts.chain')}</dt>
            <dd>{spec.chain}</dd>
            <dt>{t('contracts.channel')}</dt>
            <dd>{channel ?? '–'}</dd>
            <dt>{t('contracts.name')}</dt>
            <dd>{calledName(contract)}</dd>
            <dt>{t('contracts.servedBy')}</dt>
            <dd>
              {t(`contracts.source.${source.kind}.name`)} {source.text && <code>{source.text}</code>}
            </dd>
            <dt>{t('contracts.version')}</dt>
            <dd>{status.version ?? spec.version ?? '–'}</dd>
            <dt>{t('contracts.sequence')}</dt>
            <dd>{status.sequence ?? t('contracts.definition.notCommitted')}</dd>
            <dt>{t('contracts.policy.label')}</dt>
            <dd>
              {spec.endorsementPolicy ? (
                <code>{spec.endorsementPolicy}</code>
              ) : (
                t('contracts.policy.majority')
              )}
            </dd>
            <dt>{t('contracts.definition.init')}</dt>
            <dd>{spec.initRequired ? t('contracts.definition.yes') : t('contracts.definition.no')}</dd>
            {status.packageId && (
              <>
                <dt>{t('contracts.definition.package')}</dt>
                <dd>
                  <Hash value={status.packageId} />
                </dd>
              </>
            )}
            {status.service && (
              <>
                <dt>{t('contracts.definition.service')}</dt>
                <dd className="mono">{status.service}</dd>
              </>
            )}
          </dl>
        </Card>
        <Card title={t('contracts.steps.title')}>
          <ol className="steps-plain">
            {(status.steps ?? []).map((step) => (
              <li key={step.name} className="stack-s">
                <span className="row row-apart">
                  <span>{step.message || step.name}</span>
                  <Badge tone={STEP_TONES[step.state] ?? 'quiet'}>{t(`state.operation.${step.state}`)}</Badge>
                </span>
                {step.cause && <span className="small">{step.cause}</span>}
                {step.hint && <span className="small muted">{step.hint}</span>}
                {step.endTime && (
                  <span className="small muted">
                    <Time value={step.endTime} />
                  </span>
                )}
              </li>
            ))}
          </ol>
        </Card>
        {settings.length > 0 && (
          <Card title={t('contracts.settings.label')}>
            <dl className="facts">
              {settings.map(([name, value]) => (
                <div key={name} className="contract-setting">
                  <dt className="mono">{name}</dt>
                  <dd className="mono">{value}</dd>
                </div>
              ))}
            </dl>
          </Card>
        )}
      </div>
      {channel && <ProposalCard place={{ chain: spec.chain, channel, contract: calledName(contract) }} />}
      {collections.length > 0 && (
        <Card title={t('contracts.collections')}>
          <Code text={JSON.stringify(collections, null, 2)} label={t('contracts.collections')} />
        </Card>
      )}
    </div>
  );
}
