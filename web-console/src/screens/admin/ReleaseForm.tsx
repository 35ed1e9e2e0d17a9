import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, once, type Schemas } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { Check, Choices, Dialog, DialogForm, Field, Input } from '@/kit';
import type { NodeRelease } from './queries';

type Engine = Schemas['Engine'];
type Images = Schemas['Images'];

const IMAGES = ['peer', 'orderer', 'nodeTools', 'contracts'] as const satisfies (keyof Images)[];
const DAY = 'YYYY-MM-DD'.length;

/** Publishes a release, or says anew whether and until when it may be chosen. */
export function ReleaseForm({ release, onClose }: { release?: NodeRelease; onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const old = release?.spec;
  const [name, setName] = useState(release?.name ?? '');
  const [engine, setEngine] = useState<Engine>(old?.engine ?? 'native');
  const [version, setVersion] = useState(old?.version ?? '');
  const [isDefault, setDefault] = useState(old?.default ?? false);
  const [end, setEnd] = useState(old?.endOfLifeTime?.slice(0, DAY) ?? '');
  const [images, setImages] = useState<Partial<Images>>(old?.images ?? {});
  const typed = Object.fromEntries(Object.entries(images).filter(([, image]) => image)) as Images;
  const changeable = {
    default: isDefault,
    endOfLifeTime: end ? `${end}T00:00:00Z` : null,
    images: Object.keys(typed).length > 0 ? typed : null,
  };
  const save = useMutation({
    mutationFn: () =>
      release
        ? patch(release, changeable)
        : call(
            api.POST('/v1/node-releases', {
              headers: once(),
              body: { name: name.trim(), spec: { engine, version: version.trim(), ...changeable } },
            }),
          ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['admin', 'releases'] });
      onClose();
    },
  });
  const wrong = fieldErrors(save.error);
  return (
    <Dialog kind="drawer" title={release ? release.name : t('admin.releases.new')} onClose={onClose}>
      <DialogForm sends={save} action={release ? t('admin.save') : t('admin.releases.new')} onClose={onClose}>
        {!release && (
          <>
            <Choices
              label={t('admin.releases.engine')}
              value={engine}
              choices={(['native', 'fabric'] as const).map((value) => ({
                value,
                label: t(`admin.releases.engines.${value}`),
                text: t(`admin.releases.engineText.${value}`),
              }))}
              onChange={setEngine}
            />
            <Field
              label={t('admin.releases.version')}
              hint={t('admin.releases.versionHint')}
              error={wrong('/spec/version')}
              required
            >
              <Input required value={version} onChange={({ target }) => setVersion(target.value)} />
            </Field>
            <Field
              label={t('admin.releases.name')}
              hint={t('admin.nameHint')}
              error={wrong('/name')}
              required
            >
              <Input
                required
                placeholder="native-0-1-0"
                value={name}
                onChange={({ target }) => setName(target.value)}
              />
            </Field>
          </>
        )}
        <Check
          label={t('admin.releases.default')}
          hint={t('admin.releases.defaultHint')}
          checked={isDefault}
          onChange={({ target }) => setDefault(target.checked)}
        />
        <Field
          label={t('admin.releases.endOfLife')}
          hint={t('admin.releases.endHint')}
          error={wrong('/spec/endOfLifeTime')}
        >
          <Input type="date" value={end} onChange={({ target }) => setEnd(target.value)} />
        </Field>
        <fieldset className="stack-s">
          <legend className="field-label">{t('admin.releases.images')}</legend>
          <p className="field-hint">{t('admin.releases.imagesHint')}</p>
          {IMAGES.map((part) => (
            <Field key={part} label={t(`admin.releases.image.${part}`)} error={wrong(`/spec/images/${part}`)}>
              <Input
                className="input mono"
                placeholder="registry.example/…@sha256:…"
                value={images[part] ?? ''}
                onChange={({ target }) => setImages({ ...images, [part]: target.value.trim() })}
              />
            </Field>
          ))}
        </fieldset>
      </DialogForm>
    </Dialog>
  );
}

const patch = ({ name, etag }: NodeRelease, spec: object) =>
  call(
    api.PATCH('/v1/node-releases/{name}', {
      params: { path: { name }, header: { 'If-Match': etag } },
      // The document cannot say that a patch has the fields of the spec.
      body: { spec: spec as Record<string, never> },
      headers: { 'Content-Type': 'application/merge-patch+json' },
    }),
  );
