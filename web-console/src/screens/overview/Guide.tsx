import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { operationsQuery, organizationsQuery } from '@/api/queries';
import { useMay, useSession } from '@/api/session';
import { Button, Card } from '@/kit';

const HIDDEN = 'entente.guide.hidden';

/** The way from nothing to a working chain, with what is done already. Hidden for good when one says so. */
export function Guide({ hasChain }: { hasChain: boolean }) {
  const { t } = useTranslation();
  const session = useSession();
  const mayMake = useMay('chains:write');
  const [isHidden, setHidden] = useState(() => localStorage.getItem(HIDDEN) === 'yes');
  const { data: organizations } = useInfiniteQuery({
    ...organizationsQuery(),
    enabled: mayMake && !isHidden,
  });
  const { data: made } = useInfiniteQuery({
    ...operationsQuery({ targetKind: 'Chain', pageSize: 1 }),
    enabled: mayMake && !isHidden,
  });
  const latest = made?.pages[0]?.items[0];
  if (isHidden || !mayMake) return null;
  const hide = () => {
    localStorage.setItem(HIDDEN, 'yes');
    setHidden(true);
  };
  const steps: {
    name: 'organization' | 'chain' | 'watch' | 'secure';
    isDone: boolean;
    link: (text: string) => ReactNode;
  }[] = [
    {
      name: 'organization',
      isDone: (organizations?.pages[0]?.items.length ?? 0) > 0,
      link: (text) => (
        <Link to="/chains/new" search={{ step: 'members' }}>
          {text}
        </Link>
      ),
    },
    { name: 'chain', isDone: hasChain, link: (text) => <Link to="/chains/new">{text}</Link> },
    {
      name: 'watch',
      isDone: latest?.state === 'succeeded',
      link: (text) =>
        latest ? (
          <Link to="/operations/$operation" params={{ operation: latest.id }}>
            {text}
          </Link>
        ) : (
          text
        ),
    },
    { name: 'secure', isDone: session.secondFactor, link: (text) => <Link to="/account">{text}</Link> },
  ];
  return (
    <Card
      title={t('overview.guide.title')}
      actions={
        <Button look="quiet" size="small" onClick={hide}>
          {t('overview.guide.hide')}
        </Button>
      }
    >
      <ol className="guide">
        {steps.map(({ name, isDone, link }, index) => (
          <li key={name}>
            <span className={isDone ? 'guide-number guide-done' : 'guide-number'}>
              <span aria-hidden="true">{isDone ? '✓' : index + 1}</span>
              {isDone && <span className="visually-hidden">{t('overview.guide.done')}</span>}
            </span>
            <div className="grow">
              <strong>{link(t(`overview.guide.${name}.title`))}</strong>
              <p className="muted small">{t(`overview.guide.${name}.text`)}</p>
            </div>
          </li>
        ))}
      </ol>
    </Card>
  );
}
