import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, call } from '@/api/client';
import { sessionQuery, useSession } from '@/api/session';
import { Menu, MenuItem } from '@/kit';

export function UserMenu() {
  const { t } = useTranslation();
  const session = useSession();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const signOut = async () => {
    await call(api.DELETE('/v1/session'));
    queries.clear();
    queries.setQueryData(sessionQuery.queryKey, null);
    navigate({ to: '/sign-in' });
  };
  const name = session.name ?? '';
  return (
    <Menu label={t('shell.user')} face={<span className="avatar">{name.slice(0, 1).toUpperCase()}</span>}>
      {(close) => (
        <>
          <div className="menu-label" role="presentation">
            <span>
              {name}
              <br />
              {session.role && t(`kit.role.${session.role}`)}
              {session.platformOperator && ` · ${t('shell.platformOperator')}`}
            </span>
          </div>
          <MenuItem
            onClick={() => {
              close();
              navigate({ to: '/account' });
            }}
          >
            {t('shell.account')}
          </MenuItem>
          <MenuItem onClick={signOut}>{t('shell.signOut')}</MenuItem>
        </>
      )}
    </Menu>
  );
}

/** Which tenant one works in. Everything that was read belongs to the one before, so it is forgotten. */
export function TenantMenu() {
  const { t } = useTranslation();
  const session = useSession();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const change = async (tenant: string) => {
    const next = await call(api.POST('/v1/session:switch', { body: { tenant } }));
    queries.clear();
    queries.setQueryData(sessionQuery.queryKey, next);
    navigate({ to: '/overview' });
  };
  if (session.tenants.length < 2) {
    return <span className="tenant">{session.tenant ?? t('shell.noTenant')}</span>;
  }
  return (
    <Menu
      label={t('shell.tenant')}
      className="button button-small"
      face={
        <>
          {session.tenant ?? t('shell.noTenant')} <span aria-hidden="true">▾</span>
        </>
      }
    >
      {(close) =>
        session.tenants.map(({ name }) => (
          <MenuItem
            key={name}
            checked={name === session.tenant}
            onClick={() => {
              close();
              change(name);
            }}
          >
            {name}
          </MenuItem>
        ))
      }
    </Menu>
  );
}
