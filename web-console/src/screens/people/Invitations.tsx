import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, call, type Schemas } from '@/api/client';
import { listOptions, present } from '@/api/queries';
import { Button, Card, type Column, DataTable, Problem, Time } from '@/kit';

type Invitation = Schemas['InvitationView'];

const invitationsQuery = listOptions(['invitations'], (pageToken) =>
  call(api.GET('/v1/invitations', { params: { query: present({ pageToken }) } })),
);

/** Invitations that nobody has accepted yet. */
export function Invitations({ refusal }: { refusal: string | undefined }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const query = useInfiniteQuery(invitationsQuery);
  const withdraw = useMutation({
    mutationFn: (id: string) => call(api.DELETE('/v1/invitations/{id}', { params: { path: { id } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ['invitations'] }),
  });
  const columns: Column<Invitation>[] = [
    { id: 'email', head: t('people.email'), cell: ({ email }) => email ?? t('people.invite.anybody') },
    { id: 'role', head: t('people.role'), cell: ({ role }) => t(`kit.role.${role}`) },
    { id: 'by', head: t('people.invite.by'), cell: ({ invitedBy }) => invitedBy },
    { id: 'until', head: t('people.invite.until'), cell: ({ expireTime }) => <Time value={expireTime} /> },
    {
      id: 'actions',
      head: t('people.actions'),
      cell: ({ id }) => (
        <Button
          size="small"
          look="danger"
          disabledReason={refusal}
          busy={withdraw.isPending && withdraw.variables === id}
          onClick={() => withdraw.mutate(id)}
        >
          {t('people.invite.withdraw')}
        </Button>
      ),
    },
  ];
  return (
    <Card title={t('people.invite.open')}>
      {withdraw.error && <Problem error={withdraw.error} />}
      <DataTable
        label={t('people.invite.list')}
        query={query}
        columns={columns}
        rowKey={({ id }) => id}
        empty={<p className="muted">{t('people.invite.none')}</p>}
      />
    </Card>
  );
}
