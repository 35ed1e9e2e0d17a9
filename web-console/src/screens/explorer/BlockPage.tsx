import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Card, type Column, LinkButton, Loaded, Table, Time } from '@/kit';
import { ConfigChanges } from './ConfigChanges';
import { type Block, blockQuery, type Channel } from './ledger';
import { BlockLink, Signer, TransactionLink, Verdict, WholeHash } from './parts';
import { Called } from './TransactionTable';

const route = getRouteApi('/shell/chains/$chain/explorer/$channel/blocks/$block');

/** One block: its header, who signed it, its transactions, what it changed of the configuration. */
export function BlockPage() {
  const { block, ...of } = route.useParams();
  const query = useQuery(blockQuery(of, block));
  return <Loaded query={query}>{(data) => <Shown of={of} block={data} />}</Loaded>;
}

function Shown({ of, block }: { of: Channel; block: Block }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { number } = block;
  const to = '/chains/$chain/explorer/$channel/blocks/$block';
  const { data: newest } = useQuery(blockQuery(of, 'newest'));
  return (
    <div className="stack">
      <div className="row row-apart">
        <h2 className="explorer-heading">{t('explorer.block.title', { number: format.number(number) })}</h2>
        <nav className="row" aria-label={t('explorer.block.neighbours')}>
          {number > 0 && (
            <LinkButton size="small" to={to} params={{ ...of, block: String(number - 1) }}>
              ← {t('explorer.block.before')}
            </LinkButton>
          )}
          {newest && newest.number > number && (
            <LinkButton size="small" to={to} params={{ ...of, block: String(number + 1) }}>
              {t('explorer.block.after')} →
            </LinkButton>
          )}
        </nav>
      </div>
      <Card>
        <Header of={of} block={block} />
      </Card>
      <h3>{t('explorer.transactions.title')}</h3>
      <Transactions of={of} block={block} />
      {block.configChanges && (
        <Card title={t('explorer.config.title')}>
          <ConfigChanges changes={block.configChanges} isFirst={number === 0} />
        </Card>
      )}
    </div>
  );
}

function Header({ of, block }: { of: Channel; block: Block }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <dl className="facts">
      <dt>{t('explorer.time')}</dt>
      <dd>{block.createTime ? <Time value={block.createTime} /> : '–'}</dd>
      <dt>{t('explorer.blocks.hash')}</dt>
      <dd>
        <WholeHash value={block.hash} />
      </dd>
      <dt>{t('explorer.blocks.previous')}</dt>
      <dd>
        {block.previousHash ? (
          <WholeHash value={block.previousHash} />
        ) : (
          <span className="muted">{t('explorer.block.first')}</span>
        )}
      </dd>
      <dt>{t('explorer.block.dataHash')}</dt>
      <dd>
        <WholeHash value={block.dataHash} />
      </dd>
      <dt>{t('explorer.blocks.size')}</dt>
      <dd>{t('explorer.bytes', { size: format.number(block.size) })}</dd>
      <dt>{t('explorer.block.signers')}</dt>
      <dd>
        {block.signers?.length ? (
          block.signers.map((one) => (
            <div key={`${one.mspId} ${one.subject}`}>
              <Signer creator={one} />
            </div>
          ))
        ) : (
          <span className="muted">{t('explorer.block.unsigned')}</span>
        )}
      </dd>
      {block.lastConfig != null && (
        <>
          <dt>{t('explorer.block.lastConfig')}</dt>
          <dd>
            <BlockLink of={of} number={block.lastConfig} />
          </dd>
        </>
      )}
    </dl>
  );
}

function Transactions({ of, block }: { of: Channel; block: Block }) {
  const { t } = useTranslation();
  const columns: Column<NonNullable<Block['transactions']>[number]>[] = [
    {
      id: 'id',
      head: t('explorer.transactions.id'),
      cell: ({ id }) => (id ? <TransactionLink of={of} id={id} block={block.number} /> : '–'),
    },
    { id: 'code', head: t('explorer.transactions.verdict'), cell: ({ code }) => <Verdict code={code} /> },
    {
      id: 'call',
      head: t('explorer.transactions.call'),
      cell: (each) => <Called {...each} />,
    },
    {
      id: 'creator',
      head: t('explorer.transactions.creator'),
      cell: ({ creator }) =>
        creator?.mspId ? (
          <Link
            to="/chains/$chain/explorer/$channel/transactions"
            params={of}
            search={{ creator: creator.mspId }}
          >
            {creator.mspId}
          </Link>
        ) : (
          <span className="muted">{t('explorer.nobody')}</span>
        ),
    },
  ];
  return (
    <Table
      label={t('explorer.transactions.title')}
      columns={columns}
      rows={block.transactions ?? []}
      rowKey={({ index, id }) => index ?? id ?? ''}
    />
  );
}
