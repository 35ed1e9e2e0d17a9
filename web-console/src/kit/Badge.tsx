import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

export type Tone = 'ok' | 'busy' | 'warn' | 'bad' | 'quiet';

export function Badge({
  tone = 'quiet',
  plain,
  children,
}: {
  tone?: Tone;
  plain?: boolean;
  children: ReactNode;
}) {
  return (
    <span
      className={['badge', tone !== 'quiet' && `badge-${tone}`, plain && 'badge-plain']
        .filter(Boolean)
        .join(' ')}
    >
      {children}
    </span>
  );
}

const TONES: Record<string, Tone> = {
  ready: 'ok',
  running: 'ok',
  succeeded: 'ok',
  pending: 'quiet',
  provisioning: 'busy',
  updating: 'busy',
  starting: 'busy',
  deleting: 'busy',
  degraded: 'warn',
  suspended: 'warn',
  failed: 'bad',
  failing: 'bad',
  rejected: 'bad',
};

/** Where a resource stands. Words that this console does not know yet are shown as the server says them. */
export function StateBadge({ state }: { state: string }) {
  const { t, i18n } = useTranslation();
  const key = `state.resource.${state}`;
  return (
    <Badge tone={TONES[state] ?? 'quiet'}>
      {i18n.exists(key)
        ? t(`state.resource.${state}` as 'state.resource.ready')
        : t('state.unknown', { state })}
    </Badge>
  );
}

/** Where an operation stands. */
export function OperationBadge({ state }: { state: string }) {
  const { t, i18n } = useTranslation();
  const tone = state === 'running' ? 'busy' : (TONES[state] ?? 'quiet');
  return (
    <Badge tone={tone}>
      {i18n.exists(`state.operation.${state}`)
        ? t(`state.operation.${state}` as 'state.operation.running')
        : t('state.unknown', { state })}
    </Badge>
  );
}
