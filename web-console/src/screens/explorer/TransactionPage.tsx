import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Button, Card, Loaded, Time } from '@/kit';
import { download } from '@/kit/download';
import { Effects } from './Effects';
import { type Channel, type Transaction, transactionQuery } from './ledger';
import { BlockLink, Signer, useMeaning, Value, WholeHash } from './parts';
import { TypeName } from './TransactionTable';

const route = getRouteApi('/shell/chains/$chain/explorer/$channel/transactions/$transaction');

/** One transaction: what became of it and why, who called what, what it read and wrote, who endorsed it. */
export function TransactionPage() {
  const { transaction, ...of } = route.useParams();
  const query = useQuery(transactionQuery(of, transaction));
  return <Loaded query={query}>{(data) => <Shown of={of} transaction={data} />}</Loaded>;
}

function Shown({ of, transaction }: { of: Channel; transaction: Transaction }) {
  const { t } = useTranslation();
  const { id, code, result, event, effects } = transaction;
  const isValid = code === 'VALID';
  const save = () =>
    download(`transaction-${id}.json`, 'application/json', JSON.stringify({ ...of, transaction }, null, 2));
  return (
    <div className="stack">
      <div className="row row-apart">
        <h2 className="explorer-heading">{t('explorer.transaction.title')}</h2>
        <Button size="small" onClick={save}>
          {t('explorer.transaction.download')}
        </Button>
      </div>
      <Outcome code={code} />
      <Card>
        <Facts of={of} transaction={transaction} />
      </Card>
      <Arguments transaction={transaction} />
      {result && (
        <Card title={t('explorer.transaction.result')}>
          <Value bytes={result} label={t('explorer.transaction.result')} />
        </Card>
      )}
      {effects && effects.length > 0 && (
        <Card title={isValid ? t('explorer.effects.title') : t('explorer.effects.titleInvalid')}>
          <Effects of={of} effects={effects} />
        </Card>
      )}
      {event && (
        <Card title={t('explorer.transaction.event', { name: event.name })}>
          <Value bytes={event.payload} label={t('explorer.transaction.event', { name: event.name })} />
        </Card>
      )}
      <Endorsers transaction={transaction} />
    </div>
  );
}

/** What became of it, in words first. */
function Outcome({ code }: { code: string }) {
  const meaning = useMeaning();
  return (
    <div className={`notice ${code === 'VALID' ? 'notice-ok' : 'notice-bad'}`}>
      <div className="grow stack-s">
        <strong className="mono">{code}</strong>
        {meaning(code) !== code && <span>{meaning(code)}</span>}
      </div>
    </div>
  );
}

function Facts({ of, transaction }: { of: Channel; transaction: Transaction }) {
  const { t } = useTranslation();
  const { id, type, blockNumber, index, createTime, creator, contract, function: called } = transaction;
  const facts: [string, ReactNode][] = [
    [t('explorer.transactions.id'), <WholeHash key="id" value={id} />],
    [t('explorer.transaction.type'), <TypeName key="type" type={type} />],
  ];
  if (blockNumber != null)
    facts.push([
      t('explorer.blocks.number'),
      <span key="block">
        <BlockLink of={of} number={blockNumber} />
        {index != null && (
          <span className="muted"> {t('explorer.transaction.place', { place: index + 1 })}</span>
        )}
      </span>,
    ]);
  if (createTime) facts.push([t('explorer.time'), <Time key="time" value={createTime} />]);
  if (creator) facts.push([t('explorer.transactions.creator'), <Signer key="creator" creator={creator} />]);
  if (contract)
    facts.push([
      t('explorer.transactions.call'),
      <span key="call" className="mono">
        {contract}
        {called && `.${called}`}
      </span>,
    ]);
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name} className="fact">
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Arguments({ transaction }: { transaction: Transaction }) {
  const { t } = useTranslation();
  const given = transaction.arguments ?? [];
  if (given.length === 0) return null;
  return (
    <Card title={t('explorer.transaction.arguments')}>
      <ol className="stack-s">
        {given.map((bytes, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: arguments have no identity but their place
          <li key={index}>
            <Value bytes={bytes} label={t('explorer.transaction.argument', { number: index + 1 })} />
          </li>
        ))}
      </ol>
    </Card>
  );
}

function Endorsers({ transaction }: { transaction: Transaction }) {
  const { t } = useTranslation();
  const endorsers = transaction.endorsedBy ?? [];
  if (endorsers.length === 0) return null;
  return (
    <Card title={t('explorer.transaction.endorsers', { count: endorsers.length })}>
      <ul className="stack-s">
        {endorsers.map((one) => (
          <li key={`${one.mspId} ${one.subject}`}>
            <Signer creator={one} />
          </li>
        ))}
      </ul>
    </Card>
  );
}
