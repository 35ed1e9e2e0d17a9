import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schemas } from '@/api/client';
import { listOptions, present } from '@/api/queries';
import { useMay } from '@/api/session';
import {
  Age,
  Badge,
  Button,
  type Column,
  DangerDialog,
  DataTable,
  Empty,
  Forbidden,
  PageHead,
  Problem,
  useRefusal,
} from '@/kit';
import { Invitations } from './Invitations';
import { Invite } from './Invite';

export const ROLES = [
  'owner',
  'admin',
  'operator',
  'developer',
  'auditor',
  'signer',
] as const satisfies Schemas['Role'][];
type User = Schemas['UserView'];

const usersQuery = listOptions(['users'], (pageToken) =>
  call(api.GET('/v1/users', { params: { query: present({ pageToken }) } })),
);

/** Who works in the tenant, in what role, and who is invited. */
export function People() {
  const { t } = useTranslation();
  const mayRead = useMay('users:read');
  const refusal = useRefusal('users:manage');
  const [isNew, setNew] = useState(false);
  return (
    <>
      <PageHead title={t('people.title')} text={t('people.text')}>
        <Button look="primary" disabledReason={refusal} onClick={() => setNew(true)}>
          {t('people.invite.button')}
        </Button>
      </PageHead>
      {mayRead ? (
        <div className="stack">
          <Users refusal={refusal} />
          <Invitations refusal={refusal} />
        </div>
      ) : (
        <Forbidden scope="users:read" />
      )}
      {isNew && <Invite onClose={() => setNew(false)} />}
    </>
  );
}

function Users({ refusal }: { refusal: string | undefined }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const query = useInfiniteQuery(usersQuery);
  const [gone, setGone] = useState<User>();
  const again = () => queries.invalidateQueries({ queryKey: ['users'] });
  const change = useMutation({
    mutationFn: ({ id, ...body }: { id: string } & Schemas['UserPatch']) =>
      call(
        api.PATCH('/v1/users/{id}', {
          params: { path: { id } },
          headers: { 'Content-Type': 'application/merge-patch+json' },
          body,
        }),
      ),
    onSettled: again,
  });
  const columns: Column<User>[] = [
    {
      id: 'name',
      head: t('people.name'),
      cell: ({ displayName, email }) => (
        <>
          <strong>{displayName || email}</strong>
          <div className="muted">{email}</div>
        </>
      ),
    },
    {
      id: 'role',
      head: t('people.role'),
      cell: ({ id, email, role }) =>
        refusal || role === 'signer' ? (
          t(`kit.role.${role}`)
        ) : (
          <select
            className="input filter"
            aria-label={t('people.roleOf', { email })}
            value={role}
            onChange={(event) => change.mutate({ id, role: event.target.value as Schemas['Role'] })}
          >
            {ROLES.filter((each) => each !== 'signer').map((each) => (
              <option key={each} value={each}>
                {t(`kit.role.${each}`)}
              </option>
            ))}
          </select>
        ),
    },
    { id: 'organization', head: t('people.organization'), cell: ({ organization }) => organization ?? '–' },
    {
      id: 'factor',
      head: t('people.secondFactor'),
      cell: ({ secondFactor }) => (
        <Badge tone={secondFactor ? 'ok' : 'quiet'}>{secondFactor ? t('people.on') : t('people.off')}</Badge>
      ),
    },
    {
      id: 'state',
      head: t('people.state'),
      cell: ({ suspended }) => (
        <Badge tone={suspended ? 'warn' : 'ok'}>
          {suspended ? t('people.suspended') : t('people.active')}
        </Badge>
      ),
    },
    {
      id: 'seen',
      head: t('people.signedIn'),
      cell: ({ signInTime }) => (signInTime ? <Age value={signInTime} /> : t('people.never')),
    },
    {
      id: 'actions',
      head: t('people.actions'),
      cell: (user) => (
        <span className="row">
          <Button
            size="small"
            disabledReason={refusal}
            onClick={() => change.mutate({ id: user.id, suspended: !user.suspended })}
          >
            {user.suspended ? t('people.resume') : t('people.suspend')}
          </Button>
          <Button size="small" look="danger" disabledReason={refusal} onClick={() => setGone(user)}>
            {t('people.remove.button')}
          </Button>
        </span>
      ),
    },
  ];
  return (
    <section className="stack">
      {change.error && <Problem error={change.error} />}
      <DataTable
        label={t('people.title')}
        query={query}
        columns={columns}
        rowKey={({ id }) => id}
        empty={<Empty title={t('people.empty')} text={t('people.text')} />}
      />
      {gone && (
        <DangerDialog
          title={t('people.remove.title', { email: gone.email })}
          name={gone.email}
          effects={[t('people.remove.effect')]}
          action={t('people.remove.button')}
          onClose={() => setGone(undefined)}
          onConfirm={async () => {
            await call(api.DELETE('/v1/users/{id}', { params: { path: { id: gone.id } } }));
            await again();
          }}
        />
      )}
    </section>
  );
}
