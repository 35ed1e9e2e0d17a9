import { useTranslation } from 'react-i18next';
import { Hash } from '@/kit';
import type { Change } from './definition';
import { usePackage } from './PackageField';

/** What is, and what would be in its place, one line for each thing that differs. */
export function DefinitionDiff({
  changes,
  before,
  after,
}: {
  changes: Change[];
  before: string;
  after: string;
}) {
  return (
    <table className="definition-diff">
      <thead>
        <tr>
          <td />
          <th scope="col">{before}</th>
          <th scope="col">{after}</th>
        </tr>
      </thead>
      <tbody>
        {changes.map(({ field, from, to }) => (
          <tr key={field}>
            <th scope="row">
              <FieldName field={field} />
            </th>
            <td>{from === undefined ? '–' : <del>{<Value field={field} text={from} />}</del>}</td>
            <td>{to === undefined ? '–' : <ins>{<Value field={field} text={to} />}</ins>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function FieldName({ field }: { field: string }) {
  const { t, i18n } = useTranslation();
  const [part = '', ...name] = field.split('.');
  const key = `contracts.field.${part}`;
  const word = i18n.exists(key) ? t(`contracts.field.${part}` as 'contracts.field.version') : part;
  return (
    <>
      {word} {name.length > 0 && <code>{name.join('.')}</code>}
    </>
  );
}

function Value({ field, text }: { field: string; text: string }) {
  const { t } = useTranslation();
  if (field === 'package') return <PackageValue base64={text} />;
  if (field === 'initRequired')
    return text === 'true' ? t('contracts.definition.yes') : t('contracts.definition.no');
  return <span className="mono definition-value">{text}</span>;
}

/** A package by what it is called, and the address that peers dial. */
function PackageValue({ base64 }: { base64: string }) {
  const read = usePackage(base64);
  if (!read) return '…';
  return (
    <>
      <Hash value={read.id ?? read.label} ends={12} />
      <br />
      <code>{read.connection.address}</code>
    </>
  );
}
