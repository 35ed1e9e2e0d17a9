import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Code } from '@/kit';
import { GUIDES, type Language, PREPARATIONS, WAYS } from './guide';
import type { Target } from './target';

/** What to do, in order: get an identity, write the files, run them. */
export function GuideSteps({ language, target }: { language: Language; target: Target }) {
  const { t } = useTranslation();
  const { files, run } = GUIDES[language](target);
  const way = WAYS[language];
  return (
    <ol className="connect-steps" data-language={language}>
      <li className="stack-s">
        <h3>{t(`chain.connect.prepare.${way}`)}</h3>
        <p className="muted small">
          {t(`chain.connect.prepare.${way}Text`)}{' '}
          <Link to={way === 'rest' ? '/developers' : '/identities'}>
            {t(`chain.connect.prepare.${way}Link`)}
          </Link>
        </p>
        <Code label={t(`chain.connect.prepare.${way}`)} text={PREPARATIONS[way](target)} />
      </li>
      {files.map(({ name, text }) => (
        <li key={name} className="stack-s">
          <h3>
            {t('chain.connect.file')} <code>{name}</code>
          </h3>
          <Code label={name} text={text} />
        </li>
      ))}
      <li className="stack-s">
        <h3>{t('chain.connect.run')}</h3>
        <Code label={t('chain.connect.run')} text={run} />
      </li>
    </ol>
  );
}
