import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMay } from '@/api/session';
import { Age, Badge, Button, type Column, DataTable, Empty, Forbidden, PageHead, useRefusal } from '@/kit';
import { DeveloperTabs } from '../developers/DeveloperTabs';
import { WebhookBadge } from './badges';
import { type Webhook, webhooksQuery } from './queries';
import { WebhookForm } from './WebhookForm';
import './webhooks.css';

/** Where the tenant wants to be told what happens. */
export function WebhookList() {
  const { t } = useTranslation();
  const mayRead = useMay('webhooks:read');
  const refusal = useRefusal('webhooks:manage');
  const [isNew, setNew] = useState(false);
  const create = (
    <Button look="primary" disabledReason={refusal} onClick={() => setNew(true)}>
      {t('webhooks.new')}
    </Button>
  );
  return (
    <>
      <PageHead title={t('webhooks.title')} text={t('webhooks.text')}>
        {create}
      </PageHead>
      <DeveloperTabs />
      {mayRead ? <Webhooks>{create}</Webhooks> : <Forbidden scope="webhooks:read" />}
      {isNew && <WebhookForm onClose={() => setNew(false)} />}
    </>
  );
}

function Webhooks({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const query = useInfiniteQuery(webhooksQuery);
  const columns: Column<Webhook>[] = [
    {
      id: 'url',
      head: t('webhooks.url'),
      cell: ({ id, url, description }) => (
        <Link to="/developers/webhooks/$webhook" params={{ webhook: id }} className="webhook-name">
          <strong>{description || url}</strong>
          {description && <div className="muted mono">{url}</div>}
        </Link>
      ),
    },
    { id: 'state', head: t('webhooks.state'), cell: (webhook) => <WebhookBadge webhook={webhook} /> },
    { id: 'events', head: t('webhooks.events'), cell: ({ events }) => <Events types={events} /> },
    { id: 'by', head: t('webhooks.createdBy'), cell: ({ createdBy }) => createdBy },
    { id: 'created', head: t('webhooks.created'), cell: ({ createTime }) => <Age value={createTime} /> },
  ];
  return (
    <DataTable
      label={t('webhooks.title')}
      query={query}
      columns={columns}
      rowKey={({ id }) => id}
      empty={
        <Empty title={t('webhooks.empty.title')} text={t('webhooks.empty.text')}>
          {children}
        </Empty>
      }
    />
  );
}

/** Types of events by their names, as programs see them. */
export function Events({ types }: { types: string[] }) {
  return (
    <span className="webhook-events">
      {types.map((type) => (
        <Badge key={type} plain>
          <code>{type}</code>
        </Badge>
      ))}
    </span>
  );
}
