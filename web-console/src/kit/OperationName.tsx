import { useTranslation } from 'react-i18next';
import type { Operation } from '@/api/queries';

/** What was asked for, and of what kind of thing. */
export function OperationName({
  operation: { type, target },
}: {
  operation: Pick<Operation, 'type' | 'target'>;
}) {
  const { t } = useTranslation();
  const kind = t(`operation.kind.${target.kind}` as 'operation.kind.Chain', { defaultValue: target.kind });
  return (
    <>
      <strong>{t(`overview.operation.${type}`, { name: target.node ?? target.name })}</strong>
      <div className="muted small">{kind}</div>
    </>
  );
}
