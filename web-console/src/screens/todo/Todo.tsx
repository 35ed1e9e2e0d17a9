import { Link, type LinkProps } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Age, Badge, Card, Empty, Failure, Loading, PageHead, Time } from '@/kit';
import { ApprovalCount } from '../contracts/Proposal';
import type { Task } from './tasks';
import './todo.css';
import { useTasks } from './useTasks';

/** In the order in which they press. */
const KINDS = ['operation', 'approval', 'certificate', 'decision', 'record', 'invitation'] as const;

/** What waits for whoever is signed in, each with the way to where it is mended. */
export function Todo() {
  const { t } = useTranslation();
  const { tasks, isLoading, failed } = useTasks();
  const groups = KINDS.map((kind) => [kind, tasks.filter((task) => task.kind === kind)] as const);
  return (
    <>
      <PageHead title={t('todo.title')} text={t('todo.text')} />
      <div className="stack">
        {failed && <Failure error={failed.error} onRetry={() => failed.refetch()} />}
        {isLoading && tasks.length === 0 && <Loading />}
        {!isLoading && !failed && tasks.length === 0 && (
          <Empty title={t('todo.empty.title')} text={t('todo.empty.text')} />
        )}
        {groups
          .filter(([, found]) => found.length > 0)
          .map(([kind, found]) => (
            <Card key={kind} title={t(`todo.kind.${kind}`)} actions={<Badge plain>{found.length}</Badge>}>
              <ul className="todo-list">
                {found.map((task) => (
                  <Row key={task.key} task={task} />
                ))}
              </ul>
            </Card>
          ))}
      </div>
    </>
  );
}

function Row({ task }: { task: Task }) {
  const { t } = useTranslation();
  const format = useFormat();
  switch (task.kind) {
    case 'operation': {
      const { id, type, target, error, createTime } = task.operation;
      return (
        <Line
          to={{ to: '/operations/$operation', params: { operation: id } }}
          name={t(`overview.operation.${type}`, { name: target.node ?? target.name })}
          text={error?.detail ?? ''}
          hint={error?.hint}
          end={<Age value={createTime} />}
        />
      );
    }
    case 'certificate': {
      const { certificate } = task;
      const { name, organization, type, daysLeft, band, expireTime, impact } = certificate;
      const [, identity] = /^identities\/(.+)$/.exec(name) ?? [];
      return (
        <Line
          to={
            identity
              ? { to: '/identities/$identity', params: { identity } }
              : { to: '/identities', search: { tab: 'certificates', within: '30d', organization } }
          }
          name={t('todo.certificate', { type: t(`identities.type.${type}`), name })}
          text={impact}
          end={
            <>
              <Badge tone={band === 'within30Days' ? 'warn' : 'bad'}>
                {t('todo.days', { count: daysLeft, days: format.number(daysLeft) })}
              </Badge>{' '}
              <Time value={expireTime} />
            </>
          }
        />
      );
    }
    case 'approval': {
      const { approvals, organizations } = task;
      const { chain, channel, contract, proposal } = approvals;
      return (
        <Line
          to={{ to: '/chains/$chain/contracts/$channel/$contract', params: { chain, channel, contract } }}
          name={t('todo.approval', { contract, chain, version: proposal?.version })}
          text={t('todo.awaited', { organizations: format.list(organizations) })}
          end={proposal && <ApprovalCount proposal={proposal} />}
        />
      );
    }
    case 'invitation': {
      const { email, role, invitedBy, expireTime } = task.invitation;
      return (
        <Line
          to={{ to: '/people' }}
          name={email ?? t('people.invite.anybody')}
          text={t('todo.invitation', { role: t(`kit.role.${role}`), by: invitedBy })}
          end={t('todo.until', { time: format.ago(expireTime) })}
        />
      );
    }
    case 'record': {
      const { organization, reason } = task.record;
      return (
        <Line
          to={{ to: '/organizations/$organization', params: { organization } }}
          name={t('todo.record', { organization })}
          text={reason ?? ''}
        />
      );
    }
    case 'decision': {
      const { uid, legalName, organization, tenant, submitTime } = task.record;
      return (
        <Line
          to={{ to: '/admin/records', search: { record: uid } }}
          name={legalName}
          text={t('admin.records.of', { organization, tenant })}
          end={<Age value={submitTime} />}
        />
      );
    }
  }
}

type LineProps = {
  to: LinkProps;
  name: string;
  text: string;
  hint?: string | null | undefined;
  end?: ReactNode;
};

function Line({ to, name, text, hint, end }: LineProps) {
  return (
    <li>
      <div className="row">
        <Link className="grow" {...to}>
          {name}
        </Link>
        {end && <span className="muted small">{end}</span>}
      </div>
      {text && <p className="small">{text}</p>}
      {hint && <p className="muted small">{hint}</p>}
    </li>
  );
}
