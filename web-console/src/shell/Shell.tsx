import { Link, type LinkProps, Outlet, useRouterState } from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSession } from '@/api/session';
import { Icon } from '@/kit';
import { Brand } from './Brand';
import { LanguageMenu, ThemeMenu } from './Preferences';
import { SearchBox } from './SearchBox';
import { TodoLink } from './TodoLink';
import { TenantMenu, UserMenu } from './UserMenu';

type Entry = {
  to: NonNullable<LinkProps['to']>;
  label:
    | 'overview'
    | 'chains'
    | 'contracts'
    | 'organizations'
    | 'identities'
    | 'developers'
    | 'people'
    | 'audit'
    | 'usage'
    | 'admin';
  /** Whoever lacks it does not see the entry. */
  scope?: string;
  icon: ReactNode;
};

/** Where one can go. What the platform cannot do has no entry. */
const ENTRIES: Entry[] = [
  { to: '/overview', label: 'overview', icon: <path d="M2 2h5v6H2zM9 2h5v3H9zM9 7h5v7H9zM2 10h5v4H2z" /> },
  {
    to: '/chains',
    label: 'chains',
    scope: 'chains:read',
    icon: (
      <path d="M6.5 9.5l3-3M7 4.5l1.5-1.5a3 3 0 0 1 4.5 4.5L11.5 9M9 11.5 7.5 13A3 3 0 0 1 3 8.500L4.500 7" />
    ),
  },
  {
    to: '/contracts',
    label: 'contracts',
    scope: 'contracts:read',
    icon: <path d="M3 1.500h7L13 4.500v10H3zM5.500 7h5M5.500 10h5" />,
  },
  {
    to: '/organizations',
    label: 'organizations',
    scope: 'organizations:read',
    icon: <path d="M2 14V6l6-4 6 4v8zM6 14v-4h4v4" />,
  },
  {
    to: '/identities',
    label: 'identities',
    scope: 'identities:read',
    icon: <path d="M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM2.500 14a5.500 5.500 0 0 1 11 0" />,
  },
  {
    to: '/developers',
    label: 'developers',
    icon: <path d="M10.500 8.500a3.500 3.500 0 1 0-3-3L2 11v3h3v-2h2v-2z" />,
  },
  {
    to: '/people',
    label: 'people',
    scope: 'users:read',
    icon: (
      <path d="M6 8a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5ZM1.500 13a4.500 4.500 0 0 1 9 0M10.500 3.500a2.300 2.300 0 0 1 0 4.300M12 9.500a4 4 0 0 1 2.500 3.500" />
    ),
  },
  {
    to: '/audit',
    label: 'audit',
    scope: 'audit:read',
    icon: <path d="M3 2h10v12H3zM5.500 5.500h5M5.500 8h5M5.500 10.500h3" />,
  },
  {
    to: '/usage',
    label: 'usage',
    icon: <path d="M2 12a6 6 0 1 1 12 0M8 12l3-4" />,
  },
  {
    to: '/admin',
    label: 'admin',
    scope: 'platform:tenants',
    icon: <path d="M2 3h12v4H2zM2 9h12v4H2zM4.500 5h.01M4.500 11h.01" />,
  },
];

/** The frame of every screen that signed-in people see. */
export function Shell() {
  const { t } = useTranslation();
  const session = useSession();
  const [isOpen, setOpen] = useState(false);
  const path = useRouterState({ select: (state) => state.location.pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the menu of narrow screens closes when one has gone somewhere
  useEffect(() => setOpen(false), [path]);
  // What had the focus may be gone with the screen before: the keyboard goes on at the new one, not at the top of the page.
  const shown = useRouterState({ select: (state) => state.resolvedLocation?.pathname });
  const last = useRef(shown);
  useEffect(() => {
    const isNext = last.current !== undefined && last.current !== shown;
    last.current = shown;
    if (isNext && document.activeElement === document.body)
      document.getElementById('content')?.focus({ preventScroll: true });
  }, [shown]);
  return (
    <div className="shell" data-menu={isOpen ? 'open' : 'closed'}>
      <a className="skip" href="#content">
        {t('shell.skip')}
      </a>
      <nav className="side" aria-label={t('shell.nav.main')}>
        <Link to="/overview" className="side-brand">
          <Brand />
        </Link>
        <ul>
          {ENTRIES.filter(({ scope }) => !scope || session.scopes.includes(scope)).map(
            ({ to, label, icon }) => (
              <li key={label}>
                <Link to={to} activeProps={{ className: 'active', 'aria-current': 'page' }}>
                  <Icon>{icon}</Icon>
                  {t(`shell.nav.${label}`)}
                </Link>
              </li>
            ),
          )}
        </ul>
      </nav>
      <header className="top">
        <button
          type="button"
          className="button button-quiet top-menu"
          aria-label={t('shell.menu')}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          <svg
            viewBox="0 0 16 16"
            width="18"
            height="18"
            stroke="currentColor"
            strokeWidth="1.6"
            aria-hidden="true"
          >
            <path d="M2 4h12M2 8h12M2 12h12" />
          </svg>
        </button>
        <TenantMenu />
        <span className="grow" />
        <SearchBox />
        <TodoLink />
        <LanguageMenu />
        <ThemeMenu />
        <UserMenu />
      </header>
      <main id="content" className="content" tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  );
}
