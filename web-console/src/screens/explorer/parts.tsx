/** The small things that every page of the explorer shows: fates, keys, values, signers, ways to blocks and transactions. */
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { useFormat } from '@/i18n/format';
import { Badge, Code, Copy } from '@/kit';
import type { Bytes, Channel } from './ledger';
import { keyParts, readable, visible } from './text';

/** What a validation code means, in words. A code that this console does not know is shown as it is. */
export function useMeaning() {
  const { t, i18n } = useTranslation();
  return (code: string) =>
    i18n.exists(`explorer.code.${code}`) ? t(`explorer.code.${code}` as 'explorer.code.VALID') : code;
}

/** The fate of a transaction, with its meaning on hover. */
export function Verdict({ code }: { code: string }) {
  const { t } = useTranslation();
  const meaning = useMeaning();
  return (
    <span title={meaning(code)}>
      <Badge tone={code === 'VALID' ? 'ok' : 'bad'}>{code === 'VALID' ? t('explorer.valid') : code}</Badge>
    </span>
  );
}

export function BlockLink({ of, number }: { of: Channel; number: number }) {
  const format = useFormat();
  return (
    <Link
      to="/chains/$chain/explorer/$channel/blocks/$block"
      params={{ ...of, block: String(number) }}
      className="number"
    >
      {format.number(number)}
    </Link>
  );
}

/** A transaction by its id; one without an id, which a configuration may be, by its block. */
export function TransactionLink({ of, id, block }: { of: Channel; id: string; block: number }) {
  if (id === '') return <BlockLink of={of} number={block} />;
  return (
    <span className="hash">
      <Link
        to="/chains/$chain/explorer/$channel/transactions/$transaction"
        params={{ ...of, transaction: id }}
      >
        {`${id.slice(0, 12)}…`}
      </Link>
      <Copy text={id} />
    </span>
  );
}

/** A hash where there is room for all of it. */
export function WholeHash({ value }: { value: string }) {
  return (
    <span className="hash hash-whole">
      <span>{value}</span>
      <Copy text={value} />
    </span>
  );
}

/** A key, a composite one in its parts. */
export function KeyName({ value }: { value: string }) {
  const parts = keyParts(value);
  return (
    <span className="key-name" title={visible(value)}>
      {parts.map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a key's parts never move
        <span key={index}>{visible(part)}</span>
      ))}
    </span>
  );
}

export function KeyLink({ of, contract, value }: { of: Channel; contract: string; value: string }) {
  return (
    <Link
      to="/chains/$chain/explorer/$channel/state/$contract"
      params={{ ...of, contract }}
      search={{ key: value }}
    >
      <KeyName value={value} />
    </Link>
  );
}

/** What stands on the ledger, in full. */
export function Value({ bytes, label }: { bytes: Bytes; label: string }) {
  const { t } = useTranslation();
  return (
    <div className="stack-s">
      <Code text={readable(bytes)} label={t('explorer.content', { of: label })} />
      {'base64' in bytes && <span className="muted small">{t('explorer.binary')}</span>}
    </div>
  );
}

/** Who signed: the organization, and whom it says that it was. */
export function Signer({ creator }: { creator: Schemas['Creator'] }) {
  const { t } = useTranslation();
  if (creator.mspId === '') return <span className="muted">{t('explorer.nobody')}</span>;
  return (
    <span>
      <strong>{creator.mspId}</strong>
      {creator.subject && <span className="muted"> {creator.subject}</span>}
    </span>
  );
}
