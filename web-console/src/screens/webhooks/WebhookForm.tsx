import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, once, type Schemas } from '@/api/client';
import { EVENT_TYPES } from '@/api/eventTypes';
import { fieldErrors } from '@/api/problem';
import { Check, Dialog, DialogForm, Field, Input, ShownOnce } from '@/kit';
import { useEventWords } from './badges';
import type { Webhook } from './queries';

type Event = Schemas['NewWebhook']['events'][number];

const FIRST: readonly string[] = ['chain.ready', 'operation.failed', 'cert.expiring'];

/** Makes a webhook, or changes one. */
export function WebhookForm({ webhook, onClose }: { webhook?: Webhook; onClose: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [url, setUrl] = useState(webhook?.url ?? '');
  const [description, setDescription] = useState(webhook?.description ?? '');
  const [chosen, setChosen] = useState(new Set<string>(webhook?.events ?? FIRST));
  const save = useMutation({
    mutationFn: () =>
      send(webhook, { url: url.trim(), description: description.trim(), events: [...chosen] }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['webhooks'] });
      if (webhook) onClose();
    },
  });
  if (save.data?.secret) {
    const { id, secret } = save.data;
    return (
      <Dialog title={t('webhooks.secret.title')} onClose={onClose}>
        <ShownOnce
          label={t('webhooks.secret.title')}
          secret={secret}
          text={t('webhooks.secret.text')}
          onDone={() => navigate({ to: '/developers/webhooks/$webhook', params: { webhook: id } })}
        />
      </Dialog>
    );
  }
  const wrong = fieldErrors(save.error);
  return (
    <Dialog kind="drawer" title={webhook ? t('webhooks.change') : t('webhooks.new')} onClose={onClose}>
      <DialogForm sends={save} action={webhook ? t('webhooks.save') : t('webhooks.new')} onClose={onClose}>
        <Field label={t('webhooks.url')} hint={t('webhooks.urlHint')} error={wrong('/url')} required>
          <Input
            type="url"
            required
            placeholder="https://"
            value={url}
            onChange={(event) => setUrl(event.target.value)}
          />
        </Field>
        <Field label={t('webhooks.description')} error={wrong('/description')}>
          <Input
            maxLength={200}
            value={description}
            onChange={(event) => setDescription(event.target.value)}
          />
        </Field>
        <EventChoice chosen={chosen} onChange={setChosen} error={wrong('/events')} />
      </DialogForm>
    </Dialog>
  );
}

function send(webhook: Webhook | undefined, body: { url: string; description: string; events: string[] }) {
  if (webhook) {
    return call(
      api.PATCH('/v1/webhooks/{id}', {
        params: { path: { id: webhook.id } },
        headers: { 'Content-Type': 'application/merge-patch+json' },
        body,
      }),
    );
  }
  return call(
    api.POST('/v1/webhooks', { headers: once(), body: { ...body, events: body.events as Event[] } }),
  );
}

type EventChoiceProps = {
  chosen: Set<string>;
  onChange: (chosen: Set<string>) => void;
  error: string | undefined;
};

function EventChoice({ chosen, onChange, error }: EventChoiceProps) {
  const { t } = useTranslation();
  const words = useEventWords();
  const toggle = (type: string, isOn: boolean) =>
    onChange(new Set(isOn ? [...chosen, type] : [...chosen].filter((each) => each !== type)));
  return (
    <fieldset className="stack-s">
      <legend className="field-label">{t('webhooks.events')}</legend>
      {EVENT_TYPES.map((type) => (
        <Check
          key={type}
          label={<code>{type}</code>}
          hint={words(type)}
          checked={chosen.has(type)}
          onChange={(event) => toggle(type, event.target.checked)}
        />
      ))}
      {error && (
        <p className="field-error" role="alert">
          {error}
        </p>
      )}
    </fieldset>
  );
}
