import { useTranslation } from 'react-i18next';
import type { Operation } from '@/api/queries';
import { useFormat } from '@/i18n/format';
import { useNow } from '@/kit';
import { type Group, groups, type Step, took, within } from './steps';

/** Every step with its state, how long it took, and what went wrong. */
export function Steps({ operation }: { operation: Operation }) {
  const { t } = useTranslation();
  if (operation.steps.length === 0) return <p className="muted">{t('operation.noSteps')}</p>;
  return (
    <div className="steps">
      {groups(operation.steps).map((group) => (
        <section key={`${group.kind}/${group.name}`} className="steps-group">
          <h3>{heading(group, t(`operation.group.${group.kind}`))}</h3>
          <ol>
            {group.steps.map((step) => (
              <Row key={step.name} step={step} title={within(group, step)} />
            ))}
          </ol>
        </section>
      ))}
    </div>
  );
}

const heading = (group: Group, kind: string) => (group.name ? `${kind} ${group.name}` : kind);

function Row({ step, title }: { step: Step; title: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const isRunning = step.state === 'running';
  const now = useNow(250, isRunning);
  const times = { createTime: step.startTime ?? null, endTime: step.endTime ?? null };
  return (
    <li className={`step step-${step.state}`}>
      <Mark state={step.state} label={t(`operation.state.${step.state}`)} />
      <div className="grow">
        <div className="row">
          <span className="grow">{title}</span>
          {step.attempt !== undefined && step.attempt > 1 && (
            <span className="muted small">{t('operation.attempt', { count: step.attempt })}</span>
          )}
          {step.startTime && <span className="muted small number">{format.duration(took(times, now))}</span>}
        </div>
        {step.message && <div className="muted small">{step.message}</div>}
        {step.cause && step.state !== 'succeeded' && (
          <div className="step-cause">
            <div>{step.cause}</div>
            {step.hint && <div className="muted">{step.hint}</div>}
          </div>
        )}
      </div>
    </li>
  );
}

function Mark({ state, label }: { state: Step['state']; label: string }) {
  return (
    <svg viewBox="0 0 20 20" width="20" height="20" className="step-mark" role="img" aria-label={label}>
      <circle cx="10" cy="10" r="8" />
      {state === 'succeeded' && <path d="m6 10.500 2.800 2.800L14 7.500" />}
      {state === 'failed' && <path d="m7 7 6 6M13 7l-6 6" />}
    </svg>
  );
}
