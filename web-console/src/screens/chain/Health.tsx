import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import { language } from '@/i18n';
import { Badge, Card, Loaded, Partial, type Tone } from '@/kit';
import { healthQuery } from './queries';

const TONES: Record<string, Tone> = { ok: 'ok', degraded: 'warn', failed: 'bad' };

/** How a chain is, from the network up to what applications get, as the platform finds it by asking the nodes. */
export function Health({ chain }: { chain: string }) {
  const { t } = useTranslation();
  const query = useQuery(healthQuery(chain, language()));
  return (
    <Card title={t('chain.health.title')}>
      <Loaded query={query}>
        {({ layers, unreachable }) => (
          <div className="stack">
            <Partial names={unreachable ?? []} />
            <ol className="layers">
              {layers.map((layer) => (
                <Layer key={layer.layer} layer={layer} />
              ))}
            </ol>
          </div>
        )}
      </Loaded>
    </Card>
  );
}

function Layer({ layer: { layer, state, reason } }: { layer: Schemas['LayerHealth'] }) {
  const { t } = useTranslation();
  return (
    <li className="layer stack-s">
      <strong>{t(`chain.health.${layer}`)}</strong>
      <span>
        <Badge tone={TONES[state] ?? 'quiet'}>{t(`chain.health.state.${state}`)}</Badge>
      </span>
      <span className="muted small">{reason}</span>
    </li>
  );
}
