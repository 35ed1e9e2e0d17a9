import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { type Operation, operationsQuery } from '@/api/queries';
import { useFormat } from '@/i18n/format';
import { Card, Loaded, Meter, OperationBadge, PageHead, Time, useNow } from '@/kit';
import { Actions } from './Actions';
import { NextSteps } from './NextSteps';
import { Steps } from './Steps';
import { isStuck, median, took } from './steps';
import { hasEnded, useOperation } from './useOperation';
import './operation.css';

const route = getRouteApi('/shell/operations/$operation');

/** How one thing that was asked for goes: its steps as they happen, why it failed, what can be done. */
export function OperationPage() {
  const { operation: id } = route.useParams();
  const { query, isPaused } = useOperation(id);
  return (
    <Loaded query={query} lines={8} isPage>
      {(operation) => <Shown operation={operation} isPaused={isPaused} />}
    </Loaded>
  );
}

function Shown({ operation, isPaused }: { operation: Operation; isPaused: boolean }) {
  const { t } = useTranslation();
  const { name, kind, node } = operation.target;
  return (
    <>
      <PageHead
        title={t(`operation.title.${operation.type}`, { name: node ?? name })}
        text={t(`operation.kind.${kind}` as 'operation.kind.Chain', { defaultValue: kind })}
        crumbs={kind === 'Chain' && <Link to="/chains">{t('chains.title')}</Link>}
      >
        <OperationBadge state={operation.state} />
      </PageHead>
      <div className="stack">
        {isPaused && (
          <p className="notice notice-warn" role="status">
            {t('operation.paused')}
          </p>
        )}
        <Progress operation={operation} />
        <Outcome operation={operation} />
        <Actions operation={operation} />
        <Card title={t('operation.steps')}>
          <Steps operation={operation} />
        </Card>
      </div>
    </>
  );
}

function Progress({ operation }: { operation: Operation }) {
  const { t } = useTranslation();
  const format = useFormat();
  const isRunning = !hasEnded(operation);
  const now = useNow(250, isRunning);
  const usual = useUsualTime(operation);
  const { done, total } = operation.progress;
  return (
    <Card>
      <div className="operation-head">
        <dl className="stat">
          <dt>{t('operation.elapsed')}</dt>
          <dd>{format.duration(took(operation, now))}</dd>
        </dl>
        {usual !== undefined && (
          <dl className="stat">
            <dt>{t('operation.usual')}</dt>
            <dd>{format.duration(usual)}</dd>
          </dl>
        )}
        <dl className="stat">
          <dt>{t('operation.done')}</dt>
          <dd>{t('operation.of', { done, total })}</dd>
        </dl>
        <dl className="stat">
          <dt>{t('operation.asked')}</dt>
          <dd className="operation-time">
            <Time value={operation.createTime} />
          </dd>
        </dl>
      </div>
      <Meter
        value={operation.state === 'succeeded' ? total : done}
        max={total}
        label={t('operation.done')}
        neutral
      />
      {isRunning && <p className="muted small operation-note">{t('operation.leave')}</p>}
    </Card>
  );
}

/** How long such a thing took lately, where it was done before. */
function useUsualTime({ id, type, target }: Operation): number | undefined {
  const { data } = useInfiniteQuery(operationsQuery({ targetKind: target.kind, running: false }));
  const done = data?.pages[0]?.items.filter(
    (past) => past.type === type && past.state === 'succeeded' && past.id !== id,
  );
  return median((done ?? []).map((past) => took(past, 0)));
}

function Outcome({ operation }: { operation: Operation }) {
  const { t } = useTranslation();
  const { state, error } = operation;
  if (state === 'succeeded') {
    return (
      <div className="notice notice-ok" role="status">
        <span className="grow">{t(`operation.succeeded.${operation.type}`)}</span>
        <NextSteps operation={operation} />
      </div>
    );
  }
  const stuck = state === 'running' && operation.steps.find(isStuck);
  if (stuck) {
    return (
      <div className="notice notice-warn" role="status">
        <div className="grow stack-s">
          <strong>{t('operation.stuck')}</strong>
          <span>{stuck.cause}</span>
          {stuck.hint && <span className="muted">{stuck.hint}</span>}
        </div>
      </div>
    );
  }
  if (!error) return null;
  return (
    <div className="notice notice-bad" role="alert">
      <div className="grow stack-s">
        <strong>{state === 'cancelled' ? t('operation.cancelled') : t('operation.failed')}</strong>
        <span>{error.detail}</span>
        {error.hint && <span className="muted">{error.hint}</span>}
      </div>
    </div>
  );
}
