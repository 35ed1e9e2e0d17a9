import { useNavigate, useRouterState } from '@tanstack/react-router';
import type { FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '@/kit';

/** Looks for a text in the whole tenant. */
export function SearchBox() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const q = useRouterState({
    select: ({ location }) => (location.pathname === '/search' ? (location.search as { q?: string }).q : ''),
  });
  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget).get('q') ?? '').trim();
    if (text) navigate({ to: '/search', search: { q: text } });
  };
  return (
    <search className="top-search">
      <form onSubmit={send}>
        <Icon>
          <path d="M11.500 7a4.500 4.500 0 1 1-9 0 4.500 4.500 0 0 1 9 0ZM10.200 10.200 14 14" />
        </Icon>
        {/* Begun anew with each search, so that it shows what was searched for. */}
        <input
          key={q}
          className="input"
          type="search"
          name="q"
          maxLength={200}
          defaultValue={q}
          aria-label={t('shell.search.label')}
          placeholder={t('shell.search.placeholder')}
        />
      </form>
    </search>
  );
}
