import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card, Choices, Code } from '@/kit';
import { CHECKS, type CheckLanguage } from './checks';

/** How a receiver finds out that a delivery comes from here. */
export function Signature() {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<CheckLanguage>('node');
  return (
    <Card title={t('webhooks.signature.title')}>
      <div className="stack">
        <p className="muted">{t('webhooks.signature.text')}</p>
        <Choices
          label={t('webhooks.signature.language')}
          value={chosen}
          choices={[
            { value: 'node', label: 'Node.js' },
            { value: 'python', label: 'Python' },
          ]}
          onChange={setChosen}
        />
        <Code text={CHECKS[chosen]} label={t('webhooks.signature.program')} />
        <p className="muted small">{t('webhooks.signature.again')}</p>
      </div>
    </Card>
  );
}
