/** What a list or a detail shows when it is not simply there. Each is a screen of its own, because each needs something else done. */
import { Link } from '@tanstack/react-router';
import { type ReactNode, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ROLES_OF_SCOPE } from '@/api/permissions';
import { ApiError } from '@/api/problem';
import { useMay } from '@/api/session';
import { useFormat } from '@/i18n/format';
import { Button } from './Button';
import { Copy } from './Copy';
import { useNow } from './Time';

type FrameProps = {
  title: string;
  mark: ReactNode;
  /** It is all that the screen has: its title is the screen's. */
  isPage?: boolean | undefined;
  children?: ReactNode;
};

function Frame({ title, mark, isPage = false, children }: FrameProps) {
  const Title = isPage ? 'h1' : 'h2';
  useEffect(() => {
    if (isPage) document.title = `${title} · Entente`;
  }, [isPage, title]);
  return (
    <div className="state">
      <svg
        viewBox="0 0 48 48"
        width="48"
        height="48"
        fill="none"
        stroke="currentColor"
        strokeWidth="2"
        aria-hidden="true"
      >
        {mark}
      </svg>
      <Title>{title}</Title>
      {children}
    </div>
  );
}

const MARKS = {
  empty: <path d="M8 16h32v24H8zM8 16l6-8h20l6 8M18 26h12" />,
  noMatch: <path d="M21 34a13 13 0 1 0 0-26 13 13 0 0 0 0 26ZM31 31l10 10M16 21h10" />,
  forbidden: <path d="M12 21h24v19H12zM17 21v-5a7 7 0 0 1 14 0v5M24 29v4" />,
  notReady: <path d="M24 42a18 18 0 1 0 0-36 18 18 0 0 0 0 36ZM24 13v12l8 5" />,
  error: <path d="M24 7 43 40H5zM24 19v10M24 34v1" />,
};

/** Grey lines in the place of what is coming; nothing for the first 300 ms, so that quick answers do not flicker. */
export function Loading({ lines = 4 }: { lines?: number }) {
  const { t } = useTranslation();
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), 300);
    return () => clearTimeout(timer);
  }, []);
  if (!isSlow) return null;
  return (
    <div className="stack" role="status" aria-label={t('kit.loading')}>
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity
        <span key={line} className="skeleton" style={{ width: `${95 - ((line * 17) % 40)}%` }} />
      ))}
    </div>
  );
}

/** There is nothing yet: what it would be, and the one thing to do. */
export function Empty({
  title,
  text,
  isPage,
  children,
}: Pick<FrameProps, 'title' | 'isPage' | 'children'> & { text: ReactNode }) {
  return (
    <Frame title={title} mark={MARKS.empty} isPage={isPage}>
      <p>{text}</p>
      {children && <div className="row">{children}</div>}
    </Frame>
  );
}

/** There is something, but the filter leaves none of it. */
export function NoMatch({ onClear }: { onClear: () => void }) {
  const { t } = useTranslation();
  return (
    <Frame title={t('kit.noMatch.title')} mark={MARKS.noMatch}>
      <p>{t('kit.noMatch.text')}</p>
      <Button onClick={onClear}>{t('kit.noMatch.clear')}</Button>
    </Frame>
  );
}

/** The names of the roles that hold a scope. */
export function useRolesOf() {
  const { t } = useTranslation();
  const format = useFormat();
  return (scope: string) =>
    format.list((ROLES_OF_SCOPE[scope] ?? []).map((role) => t(`kit.role.${role}` as 'kit.role.owner')));
}

/** Why the caller may not do what takes a scope; `undefined` when they may. For `disabledReason` of a button. */
export function useRefusal(scope: string): string | undefined {
  const { t } = useTranslation();
  const rolesOf = useRolesOf();
  return useMay(scope) ? undefined : t('kit.forbidden.button', { roles: rolesOf(scope) });
}

/** It is there, but not for this role: who can change that. */
export function Forbidden({ scope, isPage }: { scope?: string } & Pick<FrameProps, 'isPage'>) {
  const { t } = useTranslation();
  const rolesOf = useRolesOf();
  return (
    <Frame title={t('kit.forbidden.title')} mark={MARKS.forbidden} isPage={isPage}>
      <p>{scope ? t('kit.forbidden.text', { scope, roles: rolesOf(scope) }) : t('kit.forbidden.plain')}</p>
    </Frame>
  );
}

/** It is being made. */
export function NotReady({ text, operation }: { text: ReactNode; operation?: string | undefined }) {
  const { t } = useTranslation();
  return (
    <Frame title={t('kit.notReady.title')} mark={MARKS.notReady}>
      <p>{text}</p>
      {operation && (
        <Link to="/operations/$operation" params={{ operation }} className="button">
          {t('kit.notReady.follow')}
        </Link>
      )}
    </Frame>
  );
}

/** Some did not answer; the others are shown below. */
export function Partial({ names }: { names: string[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (names.length === 0) return null;
  return (
    <div className="notice notice-warn" role="status">
      {t('kit.partial.text', { names: format.list(names) })}
    </div>
  );
}

/** What is shown is old, because the platform does not answer now. */
export function Stale({ since, onRefresh }: { since: number; onRefresh: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const now = useNow(5_000);
  return (
    <div className="notice notice-warn" role="status">
      <span className="grow">
        {t('kit.stale.text', { age: format.ago(new Date(since).toISOString(), now) })}
      </span>
      <Button size="small" onClick={onRefresh}>
        {t('kit.stale.refresh')}
      </Button>
    </div>
  );
}

/** What did not work, in one block: for forms and dialogs. */
export function Problem({ error }: { error: unknown }) {
  const { t } = useTranslation();
  const { title, detail, hint, requestId } = useWords(error);
  return (
    <div className="notice notice-bad" role="alert">
      <div className="grow stack-s">
        <strong>{title}</strong>
        {detail && <span>{detail}</span>}
        {hint && <span className="muted">{hint}</span>}
        {requestId && (
          <span className="row small muted">
            {t('kit.error.requestId', { id: requestId })}
            <Copy text={requestId} />
          </span>
        )}
      </div>
    </div>
  );
}

function useWords(error: unknown) {
  const { t } = useTranslation();
  if (!(error instanceof ApiError)) return { title: t('kit.error.crash') };
  if (error.status === 0)
    return { title: t('kit.error.unreachable'), detail: t('kit.error.unreachableText') };
  const { title, detail, hint, requestId } = error.problem;
  return { title: title ?? t('kit.error.title'), detail: detail ?? error.message, hint, requestId };
}

type FailureProps = { error: unknown; onRetry?: (() => void) | undefined } & Pick<FrameProps, 'isPage'>;

/** The whole screen, or one of its lists, could not be had. */
export function Failure({ error, onRetry, isPage }: FailureProps) {
  const { t } = useTranslation();
  const { title, detail, hint, requestId } = useWords(error);
  if (error instanceof ApiError && error.status === 403) return <Forbidden isPage={isPage} />;
  const isAbsent = error instanceof ApiError && error.status === 404;
  return (
    <Frame
      title={isAbsent ? t('kit.error.notFound') : title}
      mark={isAbsent ? MARKS.noMatch : MARKS.error}
      isPage={isPage}
    >
      {detail && <p>{detail}</p>}
      {hint && <p className="muted">{hint}</p>}
      {requestId && (
        <p className="row small muted">
          {t('kit.error.requestId', { id: requestId })}
          <Copy text={requestId} />
        </p>
      )}
      {onRetry && !isAbsent && <Button onClick={onRetry}>{t('kit.retry')}</Button>}
    </Frame>
  );
}
