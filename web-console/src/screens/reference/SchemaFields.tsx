import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type FieldOf, fieldsOf, resolved, type Schema, type Schemas, typeOf } from './document';

/** The fields of a body. What is inside a field is shown once it is asked for: types hold each other. */
export function SchemaFields({ schema, schemas }: { schema: Schema; schemas: Schemas }) {
  const fields = fieldsOf(schema, schemas);
  if (fields.length === 0) return <p className="muted small">{typeOf(schema)}</p>;
  return (
    <ul className="reference-fields">
      {fields.map((field) => (
        <Field key={field.name} field={field} schemas={schemas} />
      ))}
    </ul>
  );
}

function Field({ field: { name, schema, required }, schemas }: { field: FieldOf; schemas: Schemas }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const { description, example, enum: values } = resolved(schema, schemas);
  const label = isOpen ? t('reference.hide') : t('reference.show');
  const hasMore = fieldsOf(schema, schemas).length > 0;
  const isPlain = ['string', 'number', 'boolean'].includes(typeof example);
  return (
    <li>
      <div className="row">
        <code className="reference-name">{name}</code>
        <span className="muted small">{typeOf(schema)}</span>
        {required && <span className="small reference-required">{t('kit.required')}</span>}
        {hasMore && (
          <button
            type="button"
            className="button button-quiet button-small"
            aria-expanded={isOpen}
            aria-label={`${label}: ${name}`}
            onClick={() => setOpen(!isOpen)}
          >
            {label}
          </button>
        )}
      </div>
      {description && <p lang="en">{description}</p>}
      {values && <p className="muted small">{values.join(' · ')}</p>}
      {isPlain && !values && (
        <p className="muted small">
          {t('reference.example')} <code>{String(example)}</code>
        </p>
      )}
      {isOpen && <SchemaFields schema={schema} schemas={schemas} />}
    </li>
  );
}
