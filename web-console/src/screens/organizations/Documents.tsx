import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { Button, Field, Input } from '@/kit';
import { digest } from './digest';
import './organizations.css';

type Document = Schemas['Document'];
type Props = {
  documents: Document[];
  onChange: (documents: Document[]) => void;
  /** What the server says about a field, by its pointer. */
  wrong: (pointer: string) => string | undefined;
};

/** The documents of a record, by digest. A chosen file is read by this page alone; its digest is what is sent. */
export function Documents({ documents, onChange, wrong }: Props) {
  const { t } = useTranslation();
  const [unread, setUnread] = useState<string>();
  const add = async (files: FileList | null) => {
    setUnread(undefined);
    const added: Document[] = [];
    for (const file of files ?? []) {
      try {
        added.push({ name: file.name, digest: await digest(file) });
      } catch {
        setUnread(file.name);
      }
    }
    onChange([...documents, ...added]);
  };
  const change = (at: number, part: Partial<Document>) =>
    onChange(documents.map((document, index) => (index === at ? { ...document, ...part } : document)));
  return (
    <fieldset className="stack-s">
      <legend className="field-label">{t('organizations.record.documents')}</legend>
      <p className="field-hint">{t('organizations.record.documentsHint')}</p>
      {documents.map((document, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the name and the digest are what is being typed
        <div key={at} className="organization-document">
          <Field label={t('organizations.record.documentName')} error={wrong(`/documents/${at}/name`)}>
            <Input
              required
              value={document.name}
              onChange={({ target }) => change(at, { name: target.value })}
            />
          </Field>
          <Field label={t('organizations.record.digest')} error={wrong(`/documents/${at}/digest`)}>
            <Input
              className="input mono"
              required
              value={document.digest}
              onChange={({ target }) => change(at, { digest: target.value })}
            />
          </Field>
          <Button look="quiet" onClick={() => onChange(documents.filter((_, index) => index !== at))}>
            {t('organizations.record.takeOut')}
          </Button>
        </div>
      ))}
      {(wrong('/documents') ?? (unread && t('organizations.record.unread', { name: unread }))) && (
        <p className="field-error" role="alert">
          {wrong('/documents') ?? t('organizations.record.unread', { name: unread })}
        </p>
      )}
      <div className="row">
        <label className="button organization-file">
          {t('organizations.record.choose')}
          <input
            type="file"
            multiple
            onChange={({ target }) => {
              // The input is emptied below, and its list with it.
              add(target.files).finally(() => {
                target.value = '';
              });
            }}
          />
        </label>
        <Button look="quiet" onClick={() => onChange([...documents, { name: '', digest: 'sha256:' }])}>
          {t('organizations.record.byHand')}
        </Button>
      </div>
    </fieldset>
  );
}
