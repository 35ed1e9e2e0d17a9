import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { language } from '@/i18n';
import { useFormat } from '@/i18n/format';
import { Badge, Button, Card, Empty, LinkButton, Loaded, PageHead, useRefusal } from '@/kit';
import { Markdown } from './Markdown';
import { type Template, templatesQuery } from './queries';
import './library.css';

const route = getRouteApi('/shell/library');

/** The contracts that the platform brings along: what each does, what can be set of it, what it can be asked. */
export function Library() {
  const { t } = useTranslation();
  const { template: asked } = route.useSearch();
  const query = useInfiniteQuery(templatesQuery(language()));
  return (
    <>
      <PageHead
        title={t('library.title')}
        text={t('library.text')}
        crumbs={<Link to="/contracts">{t('contracts.title')}</Link>}
      />
      <Loaded query={query}>
        {({ pages }) => {
          const templates = pages.flatMap(({ items }) => items);
          const chosen = templates.find(({ name }) => name === asked) ?? templates[0];
          if (!chosen) return <Empty title={t('library.empty')} text={t('library.emptyText')} />;
          return (
            <div className="library">
              <nav aria-label={t('library.title')}>
                <ul className="stack-s">
                  {templates.map((template) => (
                    <li key={template.name}>
                      <Choice template={template} isChosen={template === chosen} />
                    </li>
                  ))}
                </ul>
                {query.hasNextPage && (
                  <Button look="quiet" busy={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
                    {t('kit.more')}
                  </Button>
                )}
              </nav>
              <Page template={chosen} />
            </div>
          );
        }}
      </Loaded>
    </>
  );
}

function Choice({ template, isChosen }: { template: Template; isChosen: boolean }) {
  return (
    <Link
      to="/library"
      search={{ template: template.name }}
      className="library-choice stack-s"
      {...(isChosen && { 'aria-current': 'true' })}
    >
      <strong>{template.title}</strong>
      <span className="small muted">{template.description}</span>
    </Link>
  );
}

function Page({ template }: { template: Template }) {
  const { t } = useTranslation();
  const format = useFormat();
  const refusal = useRefusal('contracts:deploy');
  return (
    <div className="stack">
      <Card
        title={template.title}
        actions={
          refusal ? (
            <Button disabledReason={refusal}>{t('contracts.deploy')}</Button>
          ) : (
            <LinkButton to="/contracts/new" search={{ template: template.name }} look="primary">
              {t('contracts.deploy')}
            </LinkButton>
          )
        }
      >
        <div className="stack">
          <p className="row">
            <Badge plain>{template.name}</Badge>
            <Badge plain>{t('library.version', { version: template.version })}</Badge>
            <Badge plain>{t('library.writtenIn', { language: template.language })}</Badge>
            <Badge plain>{t('library.engines', { engines: format.list(template.engines) })}</Badge>
          </p>
          <Markdown text={template.documentation} />
        </div>
      </Card>
      <Card title={t('library.parameters')}>
        <dl className="library-terms">
          {template.parameters.map((parameter) => (
            <div key={parameter.name} className="stack-s">
              <dt>
                <strong>{parameter.title}</strong> <code className="muted">{parameter.name}</code>
              </dt>
              <dd>{parameter.meaning}</dd>
              <dd className="small muted">
                {parameter.rule} · {t('library.default', { value: parameter.default })}
              </dd>
            </div>
          ))}
        </dl>
      </Card>
      <Card title={t('library.functions')}>
        <dl className="library-terms">
          {template.functions.map((each) => (
            <div key={each.name} className="stack-s">
              <dt className="row">
                <code>
                  {each.name}(
                  {each.arguments.map(({ name, required }) => (required ? name : `${name}?`)).join(', ')})
                </code>
                <Badge plain tone={each.readsOnly ? 'quiet' : 'busy'}>
                  {each.readsOnly ? t('contracts.call.reads') : t('contracts.call.submits')}
                </Badge>
              </dt>
              <dd>{each.meaning}</dd>
              {each.arguments.map((argument) => (
                <dd key={argument.name} className="small muted">
                  <code>{argument.name}</code> {argument.meaning}
                </dd>
              ))}
            </div>
          ))}
        </dl>
      </Card>
    </div>
  );
}
