import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { Badge, Hash } from '@/kit';
import { type Channel, writtenBy } from './ledger';
import { BlockLink, KeyLink, KeyName, Value } from './parts';

type ContractEffects = Schemas['ContractEffects'];

/** What a transaction read and wrote, contract by contract. */
export function Effects({ of, effects }: { of: Channel; effects: ContractEffects[] }) {
  return (
    <div className="stack">
      {effects.map((one) => (
        <section key={one.contract} className="stack-s effects-contract" aria-label={one.contract}>
          <h3 className="mono">{one.contract}</h3>
          <Writes of={of} effects={one} />
          <Reads of={of} effects={one} />
          <Ranges effects={one} />
          <Collections effects={one} />
        </section>
      ))}
    </div>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="stack-s">
      <h4 className="muted small effects-part">{title}</h4>
      {children}
    </div>
  );
}

function Writes({ of, effects: { contract, writes = [] } }: { of: Channel; effects: ContractEffects }) {
  const { t } = useTranslation();
  if (writes.length === 0) return null;
  return (
    <Part title={t('explorer.effects.writes')}>
      <ul className="stack-s">
        {writes.map(({ key, isDelete, value }) => (
          <li key={key} className="stack-s effect">
            <div className="row">
              {isDelete && <Badge tone="bad">{t('explorer.deleted')}</Badge>}
              <KeyLink of={of} contract={contract} value={key} />
            </div>
            {value && <Value bytes={value} label={t('explorer.effects.valueOf', { key })} />}
          </li>
        ))}
      </ul>
    </Part>
  );
}

function Reads({ of, effects: { contract, reads = [] } }: { of: Channel; effects: ContractEffects }) {
  const { t } = useTranslation();
  if (reads.length === 0) return null;
  return (
    <Part title={t('explorer.effects.reads')}>
      <ul className="stack-s">
        {reads.map((read) => {
          const origin = writtenBy(read);
          return (
            <li key={read.key} className="row effect">
              <KeyLink of={of} contract={contract} value={read.key} />
              <span className="muted small">
                {origin ? (
                  <>
                    {t('explorer.effects.asOf')} <BlockLink of={of} number={origin.blockNumber} />
                  </>
                ) : (
                  t('explorer.effects.absent')
                )}
              </span>
            </li>
          );
        })}
      </ul>
    </Part>
  );
}

function Ranges({ effects: { ranges = [] } }: { effects: ContractEffects }) {
  const { t } = useTranslation();
  if (ranges.length === 0) return null;
  return (
    <Part title={t('explorer.effects.ranges')}>
      <ul className="stack-s">
        {ranges.map(({ start, end, count, isExhausted }) => (
          <li key={`${start} ${end}`} className="row effect">
            <KeyName value={start} /> <span className="muted">{t('explorer.effects.upTo')}</span>{' '}
            {end ? <KeyName value={end} /> : <span className="muted">{t('explorer.effects.noEnd')}</span>}
            {count != null && <span className="muted small">{t('explorer.effects.found', { count })}</span>}
            {!isExhausted && <span className="muted small">{t('explorer.effects.notToTheEnd')}</span>}
          </li>
        ))}
      </ul>
    </Part>
  );
}

function Collections({ effects: { collections = [] } }: { effects: ContractEffects }) {
  const { t } = useTranslation();
  return collections.map(({ name, reads = [], writes = [] }) => (
    <Part key={name} title={t('explorer.effects.collection', { name })}>
      <p className="muted small">{t('explorer.effects.hashesOnly')}</p>
      <ul className="stack-s">
        {writes.map(({ keyHash, valueHash, isDelete }) => (
          <li key={`w ${keyHash}`} className="row effect">
            <Badge tone={isDelete ? 'bad' : 'busy'}>
              {isDelete ? t('explorer.deleted') : t('explorer.effects.written')}
            </Badge>
            <Hash value={keyHash} />
            {valueHash && (
              <span className="row small">
                <span className="muted">{t('explorer.effects.valueHash')}</span>
                <Hash value={valueHash} />
              </span>
            )}
          </li>
        ))}
        {reads.map(({ keyHash }) => (
          <li key={`r ${keyHash}`} className="row effect">
            <Badge>{t('explorer.effects.read')}</Badge>
            <Hash value={keyHash} />
          </li>
        ))}
      </ul>
    </Part>
  ));
}
