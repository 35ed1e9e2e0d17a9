import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call } from '@/api/client';
import type { Chain } from '@/api/queries';
import { Button, Card, Field, LinkButton, Problem, Select } from '@/kit';
import { download } from '@/kit/download';

/** The connection profile of one of a chain's organizations, and the way to what one writes to use it. */
export function ConnectCard({ chain }: { chain: Chain }) {
  const { t } = useTranslation();
  const organizations = chain.spec.members?.map(({ organization }) => organization) ?? [];
  const [organization = organizations[0], setOrganization] = useState<string>();
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
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
      const text = `${JSON.stringify(profile, null, 2)}\n`;
      download(`${chain.name}-${organization}.json`, 'application/json', text);
    } catch (caught) {
      setError(caught);
    }
    setBusy(false);
  };
  return (
    <Card title={t('chain.connect.title')}>
      <div className="stack">
        <p className="muted">{t('chain.connect.text')}</p>
        <div className="connect-row">
          <Field label={t('chain.connect.organization')}>
            <Select value={organization} onChange={({ target }) => setOrganization(target.value)}>
              {organizations.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </Select>
          </Field>
          <Button busy={isBusy} onClick={save}>
            {t('chain.connect.download')}
          </Button>
          <LinkButton
            look="primary"
            to="/chains/$chain/connect"
            params={{ chain: chain.name }}
            search={{ organization }}
          >
            {t('chain.connect.write')}
          </LinkButton>
        </div>
        {error !== undefined && <Problem error={error} />}
      </div>
    </Card>
  );
}
