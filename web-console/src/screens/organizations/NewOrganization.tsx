import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, once, type Schemas } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { present } from '@/api/queries';
import { Check, Dialog, DialogForm, Field, Input, Select } from '@/kit';

const LEVELS = ['national', 'province', 'city', 'county'] as const satisfies Schemas['Level'][];

/** Makes an organization, with certificate authorities of its own. */
export function NewOrganization({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [displayName, setDisplayName] = useState('');
  const [mspId, setMspId] = useState('');
  const [level, setLevel] = useState<Schemas['Level'] | ''>('');
  const [region, setRegion] = useState('');
  const [regulator, setRegulator] = useState(false);
  const create = useMutation({
    mutationFn: () =>
      call(
        api.POST('/v1/organizations', {
          headers: once(),
          body: {
            name: name.trim(),
            spec: { ...present({ displayName, mspId, region }), ...(level && { level }), regulator },
          },
        }),
      ),
    onSuccess: async ({ resource }) => {
      await queries.invalidateQueries({ queryKey: ['organizations'] });
      navigate({ to: '/organizations/$organization', params: { organization: resource.name } });
    },
  });
  const wrong = fieldErrors(create.error);
  return (
    <Dialog title={t('organizations.new.title')} onClose={onClose}>
      <DialogForm sends={create} action={t('organizations.new.button')} onClose={onClose}>
        <Field
          label={t('organizations.name')}
          hint={t('organizations.new.nameHint')}
          error={wrong('/name')}
          required
        >
          <Input required value={name} onChange={(event) => setName(event.target.value)} />
        </Field>
        <Field label={t('organizations.displayName')} error={wrong('/spec/displayName')}>
          <Input value={displayName} onChange={(event) => setDisplayName(event.target.value)} />
        </Field>
        <Field
          label={t('organizations.mspId')}
          hint={t('organizations.new.mspIdHint')}
          error={wrong('/spec/mspId')}
        >
          <Input value={mspId} onChange={(event) => setMspId(event.target.value)} />
        </Field>
        <Field label={t('organizations.level.label')} error={wrong('/spec/level')}>
          <Select value={level} onChange={(event) => setLevel(event.target.value as Schemas['Level'] | '')}>
            <option value="">–</option>
            {LEVELS.map((each) => (
              <option key={each} value={each}>
                {t(`organizations.level.${each}`)}
              </option>
            ))}
          </Select>
        </Field>
        <Field label={t('organizations.region')} error={wrong('/spec/region')}>
          <Input value={region} onChange={(event) => setRegion(event.target.value)} />
        </Field>
        <Check
          label={t('organizations.regulator')}
          hint={t('organizations.new.regulatorHint')}
          checked={regulator}
          onChange={(event) => setRegulator(event.target.checked)}
        />
      </DialogForm>
    </Dialog>
  );
}
