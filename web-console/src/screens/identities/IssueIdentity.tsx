import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, once, type Schemas } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { organizationsQuery } from '@/api/queries';
import { Choices, Dialog, DialogForm, Field, Input, Select, ShownOnce, Textarea } from '@/kit';

const KEYS = ['shown', 'request', 'platform'] as const;
type Key = (typeof KEYS)[number];

/** Issues an identity. Who holds its key is the first choice. */
export function IssueIdentity({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const organizations = useInfiniteQuery(organizationsQuery());
  const all = organizations.data?.pages.flatMap((page) => page.items) ?? [];
  const [key, setKey] = useState<Key>('shown');
  const [name, setName] = useState('');
  const [organization, setOrganization] = useState('');
  const [role, setRole] = useState<Schemas['IdentityRole']>('client');
  const [validityDays, setDays] = useState('365');
  const [request, setRequest] = useState('');
  const issue = useMutation({
    mutationFn: async (): Promise<{ name: string; privateKey?: string | null }> => {
      const body = {
        name: name.trim(),
        spec: {
          organization: organization || (all[0]?.name ?? ''),
          role,
          validityDays: Number(validityDays),
          ...(key === 'request' && { certificateRequest: request }),
        },
      };
      if (key === 'shown') {
        const { resource, privateKey } = await call(
          api.POST('/v1/identities:enroll', { headers: once(), body }),
        );
        return { name: resource.name, privateKey: privateKey ?? null };
      }
      const { resource } = await call(api.POST('/v1/identities', { headers: once(), body }));
      return { name: resource.name };
    },
    onSuccess: async (issued) => {
      await Promise.all([
        queries.invalidateQueries({ queryKey: ['identities'] }),
        queries.invalidateQueries({ queryKey: ['certificates'] }),
      ]);
      if (!issued.privateKey) show(issued.name);
    },
  });
  const show = (identity: string) => navigate({ to: '/identities/$identity', params: { identity } });
  const wrong = fieldErrors(issue.error);
  if (issue.data?.privateKey) {
    const done = issue.data.name;
    return (
      <Dialog title={t('identities.issue.key', { name: done })} onClose={() => show(done)}>
        <ShownOnce
          label={t('identities.issue.key', { name: done })}
          secret={issue.data.privateKey}
          onDone={() => show(done)}
        />
      </Dialog>
    );
  }
  return (
    <Dialog kind="drawer" title={t('identities.issue.title')} onClose={onClose}>
      <DialogForm sends={issue} action={t('identities.issue.button')} onClose={onClose}>
        <Choices
          label={t('identities.issue.who')}
          value={key}
          choices={KEYS.map((value) => ({
            value,
            label: t(`identities.issue.${value}.name`),
            text: t(`identities.issue.${value}.text`),
          }))}
          onChange={setKey}
        />
        <Field label={t('identities.name')} error={wrong('/name')} required>
          <Input required value={name} onChange={(event) => setName(event.target.value)} />
        </Field>
        <Field label={t('identities.organization')} error={wrong('/spec/organization')} required>
          <Select value={organization} onChange={(event) => setOrganization(event.target.value)}>
            {all.map((each) => (
              <option key={each.uid} value={each.name}>
                {each.spec.displayName ?? each.name}
              </option>
            ))}
          </Select>
        </Field>
        <Field
          label={t('identities.role.label')}
          hint={t('identities.role.hint')}
          error={wrong('/spec/role')}
        >
          <Select value={role} onChange={(event) => setRole(event.target.value as Schemas['IdentityRole'])}>
            <option value="client">{t('identities.role.client')}</option>
            <option value="admin">{t('identities.role.admin')}</option>
          </Select>
        </Field>
        <Field label={t('identities.issue.days')} error={wrong('/spec/validityDays')}>
          <Input
            type="number"
            min={1}
            max={3650}
            value={validityDays}
            onChange={(event) => setDays(event.target.value)}
          />
        </Field>
        {key === 'request' && (
          <Field
            label={t('identities.issue.csr')}
            hint={t('identities.issue.csrHint')}
            error={wrong('/spec/certificateRequest')}
            required
          >
            <Textarea
              className="input mono"
              required
              rows={8}
              placeholder="-----BEGIN CERTIFICATE REQUEST-----"
              value={request}
              onChange={(event) => setRequest(event.target.value)}
            />
          </Field>
        )}
      </DialogForm>
    </Dialog>
  );
}
