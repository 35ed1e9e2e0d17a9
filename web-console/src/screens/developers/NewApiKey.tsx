import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, once } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { useSession } from '@/api/session';
import { Check, Dialog, DialogForm, Field, Input, ShownOnce } from '@/kit';

/** Makes a key, of scopes that its maker has. */
export function NewApiKey({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const session = useSession();
  const [name, setName] = useState('');
  const [validDays, setDays] = useState('90');
  const [chains, setChains] = useState('');
  const [scopes, setScopes] = useState(new Set(['chains:read', 'ledger:read']));
  const limit = chains.split(/[\s,]+/).filter(Boolean);
  const create = useMutation({
    mutationFn: () =>
      call(
        api.POST('/v1/api-keys', {
          headers: once(),
          body: {
            name: name.trim(),
            scopes: [...scopes],
            validDays: Number(validDays),
            ...(limit.length > 0 && { chains: limit }),
          },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['api-keys'] }),
  });
  const wrong = fieldErrors(create.error);
  const toggle = (scope: string, isOn: boolean) =>
    setScopes((before) => new Set(isOn ? [...before, scope] : [...before].filter((each) => each !== scope)));
  if (create.data?.key) {
    return (
      <Dialog title={t('developers.key', { name: create.data.name })} onClose={onClose}>
        <ShownOnce
          label={t('developers.key', { name: create.data.name })}
          secret={create.data.key}
          onDone={onClose}
        />
      </Dialog>
    );
  }
  return (
    <Dialog kind="drawer" title={t('developers.new.button')} onClose={onClose}>
      <DialogForm sends={create} action={t('developers.new.button')} onClose={onClose}>
        <Field
          label={t('developers.name')}
          hint={t('developers.new.nameHint')}
          error={wrong('/name')}
          required
        >
          <Input required value={name} onChange={(event) => setName(event.target.value)} />
        </Field>
        <Field
          label={t('developers.new.days')}
          hint={t('developers.new.daysHint')}
          error={wrong('/validDays')}
        >
          <Input
            type="number"
            min={1}
            max={366}
            value={validDays}
            onChange={(event) => setDays(event.target.value)}
          />
        </Field>
        <Field label={t('developers.chains')} hint={t('developers.new.chainsHint')} error={wrong('/chains')}>
          <Input value={chains} onChange={(event) => setChains(event.target.value)} />
        </Field>
        <fieldset className="stack-s">
          <legend className="field-label">{t('developers.scopes')}</legend>
          <p className="field-hint">{t('developers.new.scopesHint')}</p>
          <div className="grid">
            {session.scopes
              .filter((scope) => !scope.startsWith('platform:'))
              .map((scope) => (
                <Check
                  key={scope}
                  label={<code>{scope}</code>}
                  checked={scopes.has(scope)}
                  onChange={(event) => toggle(scope, event.target.checked)}
                />
              ))}
          </div>
        </fieldset>
      </DialogForm>
    </Dialog>
  );
}
