import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Badge, Code, Copy, type Tone } from '@/kit';
import { curl } from './curl';
import { type Body, exampleOf, type Operation, type Parameter, type Schemas, typeOf } from './document';
import { SchemaFields } from './SchemaFields';

const TONES: Record<string, Tone> = { GET: 'quiet', POST: 'ok', PUT: 'busy', PATCH: 'warn', DELETE: 'bad' };

export function Method({ name }: { name: string }) {
  return (
    <span className="reference-method">
      <Badge plain tone={TONES[name] ?? 'quiet'}>
        {name}
      </Badge>
    </span>
  );
}

type Props = {
  operation: Operation;
  schemas: Schemas;
  /** What was searched for, to go back to. */
  q: string;
};

/** One operation: what it takes, what it answers, who may, and the same for a terminal. */
export function OperationDetail({ operation, schemas, q }: Props) {
  const { t } = useTranslation();
  const { method, path, summary, description, parameters, body, answers } = operation;
  return (
    <article className="reference-detail card stack" aria-label={summary}>
      <Link to="/developers/reference" search={q ? { q } : {}} className="reference-back small">
        {t('reference.back')}
      </Link>
      <header className="stack-s">
        <h2 lang="en">{summary}</h2>
        <div className="row">
          <Method name={method} />
          <span className="hash reference-path">
            {path}
            <Copy text={path} />
          </span>
        </div>
        {description && (
          <p lang="en" className="reference-text">
            {description}
          </p>
        )}
        <Who operation={operation} />
      </header>
      {parameters.length > 0 && <Parameters parameters={parameters} />}
      {body && (
        <section className="stack-s">
          <h3>
            {t('reference.body')} <code className="muted small">{body.type}</code>
          </h3>
          {body.schema && <SchemaFields schema={body.schema} schemas={schemas} />}
        </section>
      )}
      <section className="stack-s">
        <h3>{t('reference.curl')}</h3>
        <Code text={curl(operation, window.location.origin, schemas)} label={t('reference.curl')} />
      </section>
      <section className="stack-s">
        <h3>{t('reference.answers')}</h3>
        {answers.map(({ status, description: meaning, body: answer }) => (
          <details key={status} className="reference-answer">
            <summary>
              <code>{status === 'default' ? t('reference.otherwise') : status}</code>{' '}
              <span lang="en">{meaning}</span>
            </summary>
            {answer && <Answer body={answer} schemas={schemas} label={`${summary}, ${status}`} />}
          </details>
        ))}
      </section>
    </article>
  );
}

function Who({ operation: { roles, scope } }: { operation: Operation }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (!scope) return <p className="muted small">{t('reference.everybody')}</p>;
  const names = roles.map((role) => t(`kit.role.${role}` as 'kit.role.owner'));
  return (
    <p className="small muted">
      <code>{scope}</code>{' '}
      {roles.length > 0 ? t('reference.roles', { roles: format.list(names) }) : t('reference.platformOnly')}
    </p>
  );
}

function Parameters({ parameters }: { parameters: Parameter[] }) {
  const { t } = useTranslation();
  return (
    <section className="stack-s">
      <h3>{t('reference.parameters')}</h3>
      <ul className="reference-fields">
        {parameters.map(({ name, in: place, required, description, schema, example }) => (
          <li key={`${place} ${name}`}>
            <div className="row">
              <code className="reference-name">{name}</code>
              <span className="muted small">
                {t(`reference.place.${place}` as 'reference.place.path')} · {schema && typeOf(schema)}
              </span>
              {required && <span className="small reference-required">{t('kit.required')}</span>}
            </div>
            {description && <p lang="en">{description}</p>}
            {schema?.enum && <p className="muted small">{schema.enum.join(' · ')}</p>}
            {example !== undefined && (
              <p className="muted small">
                {t('reference.example')} <code>{String(example)}</code>
              </p>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Answer({ body, schemas, label }: { body: Body; schemas: Schemas; label: string }) {
  const example = exampleOf(body, schemas);
  return (
    <div className="stack-s">
      {body.schema && <SchemaFields schema={body.schema} schemas={schemas} />}
      {example !== undefined && <Code text={JSON.stringify(example, null, 2)} label={label} />}
    </div>
  );
}
