import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Field, Hash, Input } from '@/kit';
import { sizeOf } from '../usage/quotas';
import type { Props } from './DefinitionFields';
import { base64Of, fileOf, type Package, readPackage, WrongPackage } from './packageFile';

/** A package from a file, which is opened here: what is no package is refused before it is sent anywhere. */
export function PackageField({ draft, onChange, wrong }: Props) {
  const { t } = useTranslation();
  const [refused, setRefused] = useState<string>();
  const choose = async (input: HTMLInputElement) => {
    const file = input.files?.[0];
    if (!file) return;
    try {
      await readPackage(file);
      setRefused(undefined);
      input.setCustomValidity('');
      onChange({ package: await base64Of(file) });
    } catch (error) {
      const reason =
        error instanceof WrongPackage
          ? t(`contracts.package.wrong.${error.reason}`, { about: error.about })
          : t('contracts.package.unreadable');
      setRefused(reason);
      // The form is not sent while it holds a file that was refused.
      input.setCustomValidity(reason);
      onChange({ package: '' });
    }
  };
  return (
    <div className="stack">
      <Field
        label={t('contracts.package.label')}
        hint={draft.package ? t('contracts.package.chosen') : t('contracts.package.hint')}
        error={refused ?? wrong('/spec/package')}
        required
      >
        <Input
          type="file"
          accept=".gz,.tgz"
          required={!draft.package}
          onChange={(event) => choose(event.target)}
        />
      </Field>
      {draft.package && <PackageFacts base64={draft.package} />}
    </div>
  );
}

/** What is in the package that a definition holds. */
export function usePackage(base64: string): Package | undefined {
  const { data } = useQuery({
    queryKey: ['package', base64],
    queryFn: () => readPackage(fileOf(base64)),
    enabled: base64 !== '',
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  return data;
}

function PackageFacts({ base64 }: { base64: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const read = usePackage(base64);
  if (!read) return null;
  const size = (bytes: number) => {
    const [number, unit] = sizeOf(bytes);
    return `${format.number(Math.round(number * 10) / 10)} ${unit}`;
  };
  const { label, id, bytes, files, connection } = read;
  const security = connection.isMutual ? 'mutual' : connection.isTls ? 'tls' : 'plain';
  return (
    <section className="stack-s" aria-label={t('contracts.package.inside')}>
      <h3>{t('contracts.package.inside')}</h3>
      <dl className="facts">
        <dt>{t('contracts.package.name')}</dt>
        <dd className="mono">{label}</dd>
        {id && (
          <>
            <dt>{t('contracts.package.id')}</dt>
            <dd>
              <Hash value={id} ends={12} />
            </dd>
          </>
        )}
        <dt>{t('contracts.external.address')}</dt>
        <dd className="mono">{connection.address}</dd>
        <dt>{t('contracts.package.security')}</dt>
        <dd>{t(`contracts.package.${security}`)}</dd>
        {connection.timeout && (
          <>
            <dt>{t('contracts.package.timeout')}</dt>
            <dd className="mono">{connection.timeout}</dd>
          </>
        )}
        <dt>{t('contracts.package.files')}</dt>
        <dd>
          <ul>
            {files.map((file) => (
              <li key={file.name}>
                <code>{file.name}</code> <span className="muted small">{size(file.bytes)}</span>
              </li>
            ))}
          </ul>
          <span className="muted small">{t('contracts.package.whole', { size: size(bytes) })}</span>
        </dd>
      </dl>
    </section>
  );
}
