import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '@/api/client';
import type { Chain } from '@/api/queries';
import { Button, Card, Code, Problem } from '@/kit';
import { download } from '@/kit/download';
import { type Language, SNIPPETS } from './snippets';

/** What an application needs to use the chain: whom it belongs to, what it calls, and how that is written down. */
export function Connect({ chain }: { chain: Chain }) {
  const { t } = useTranslation();
  const organizations = chain.spec.members?.map(({ organization }) => organization) ?? [];
  const contracts = chain.status?.contracts ?? [];
  const [organization = organizations[0], setOrganization] = useState<string>();
  const [resource = contracts[0]?.resource, setResource] = useState<string>();
  const [language, setLanguage] = useState<Language>('shell');
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const contract = contracts.find((one) => one.resource === resource);
  if (organization === undefined) return null;
  const save = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const profile = await call(
        api.GET('/v1/chains/{chain}/connection-profile', {
          params: { path: { chain: chain.name }, query: { organization } },
        }),
      );
      download(
        `${chain.name}-${organization}.json`,
        'application/json',
        `${JSON.stringify(profile, null, 2)}\n`,
      );
    } catch (caught) {
      setError(caught);
    }
    setBusy(false);
  };
  return (
    <Card
      title={t('chain.connect.title')}
      actions={
        <Button size="small" busy={isBusy} onClick={save}>
          {t('chain.connect.download')}
        </Button>
      }
    >
      <div className="stack">
        <p className="muted">{t('chain.connect.text')}</p>
        <div className="row">
          <select
            className="input filter"
            aria-label={t('chain.connect.organization')}
            value={organization}
            onChange={({ target }) => setOrganization(target.value)}
          >
            {organizations.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
          {contracts.length > 0 && (
            <select
              className="input filter"
              aria-label={t('chain.connect.contract')}
              value={resource}
              onChange={({ target }) => setResource(target.value)}
            >
              {contracts.map((one) => (
                <option key={one.resource} value={one.resource}>
                  {one.channel} / {one.name}
                </option>
              ))}
            </select>
          )}
          <select
            className="input filter"
            aria-label={t('chain.connect.language')}
            value={language}
            onChange={({ target }) => setLanguage(target.value as Language)}
          >
            {(Object.keys(SNIPPETS) as Language[]).map((name) => (
              <option key={name} value={name}>
                {t(`chain.connect.languages.${name}`)}
              </option>
            ))}
          </select>
        </div>
        {error !== undefined && <Problem error={error} />}
        <Code
          label={t(`chain.connect.languages.${language}`)}
          text={SNIPPETS[language]({
            server: window.location.origin,
            chain: chain.name,
            organization,
            channel: contract?.channel ?? chain.status?.channels?.[0]?.name ?? 'main',
            contract: contract?.name ?? 'CONTRACT',
          })}
        />
      </div>
    </Card>
  );
}
