import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { useFormat } from '@/i18n/format';
import { Badge, Card, Code, Hash, LinkButton } from '@/kit';
import type { Place } from './queries';

type Props = { place: Place; answer: Schemas['CallResult'] | Schemas['Committed'] };

const inSight = (element: HTMLElement | null) => element?.scrollIntoView({ block: 'nearest' });

/** What a contract answered, and where the transaction is when it was one. */
export function CallAnswer({ place, answer }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const { result } = answer;
  const shown = typeof result === 'string' ? result : JSON.stringify(result, null, 2);
  const text = shown ?? answer.resultBase64 ?? '';
  return (
    <Card title={t('contracts.answer.title')}>
      <div className="stack" role="status" ref={inSight}>
        {'transactionId' in answer && (
          <dl className="facts">
            <dt>{t('contracts.answer.transaction')}</dt>
            <dd>
              <Hash value={answer.transactionId} />
            </dd>
            <dt>{t('contracts.answer.block')}</dt>
            <dd>{format.number(answer.blockNumber)}</dd>
            <dt>{t('contracts.answer.code')}</dt>
            <dd>
              <Badge tone={answer.code === 'VALID' ? 'ok' : 'bad'}>{answer.code}</Badge>
            </dd>
          </dl>
        )}
        {'transactionId' in answer && (
          <div>
            <LinkButton
              look="primary"
              to="/chains/$chain/explorer/$channel/transactions/$transaction"
              params={{ chain: place.chain, channel: place.channel, transaction: answer.transactionId }}
            >
              {t('contracts.answer.show')}
            </LinkButton>
          </div>
        )}
        {text === '' ? (
          <p className="muted">{t('contracts.answer.nothing')}</p>
        ) : (
          <Code text={text} label={t('contracts.answer.result')} />
        )}
      </div>
    </Card>
  );
}
