import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { chainQuery } from '@/api/queries';
import { useFormat } from '@/i18n/format';
import { Empty, Loaded, StateBadge } from '@/kit';

const route = getRouteApi('/shell/chains/$chain/channels');

/** The ledgers inside a chain, and who shares each. */
export function Channels() {
  const { t } = useTranslation();
  const format = useFormat();
  const { chain } = route.useParams();
  const query = useQuery(chainQuery(chain));
  return (
    <Loaded query={query}>
      {({ status }) => {
        const channels = status?.channels ?? [];
        if (channels.length === 0)
          return <Empty title={t('chain.channels.none')} text={t('chain.channels.noneText')} />;
        return (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
          <section className="table-frame" tabIndex={0} aria-label={t('chain.tabs.channels')}>
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">{t('chain.channels.name')}</th>
                  <th scope="col">{t('chain.state')}</th>
                  <th scope="col">{t('chain.tabs.members')}</th>
                  <th scope="col">{t('chain.channels.orderers')}</th>
                  <th scope="col" className="align-end">
                    {t('chain.figures.height')}
                  </th>
                  <th scope="col" className="align-end">
                    {t('chain.channels.config')}
                  </th>
                </tr>
              </thead>
              <tbody>
                {channels.map(({ name, state, members = [], orderers = [], height, configSequence }) => (
                  <tr key={name}>
                    <td>
                      <Link to="/chains/$chain/explorer/$channel" params={{ chain, channel: name }}>
                        <strong>{name}</strong>
                      </Link>
                    </td>
                    <td>{state ? <StateBadge state={state} /> : '–'}</td>
                    <td>{format.list(members)}</td>
                    <td>{format.list(orderers)}</td>
                    <td className="align-end">{height == null ? '–' : format.number(height)}</td>
                    <td className="align-end">{format.number(configSequence ?? 0)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        );
      }}
    </Loaded>
  );
}
