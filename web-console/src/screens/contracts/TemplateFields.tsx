import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { language } from '@/i18n';
import { Field, Input, Loaded, Select } from '@/kit';
import { templatesQuery } from '../library/queries';
import type { Props } from './DefinitionFields';
import { settingsOf, withSetting } from './definition';

const useTemplates = () => useInfiniteQuery(templatesQuery(language()));

/** Which business template serves a contract. */
export function TemplateField({ draft, onChange, wrong }: Props) {
  const { t } = useTranslation();
  const query = useTemplates();
  return (
    <Loaded query={query} lines={2}>
      {({ pages }) => {
        const templates = pages.flatMap(({ items }) => items);
        const chosen = templates.find(({ name }) => name === draft.template);
        return (
          <Field
            label={t('contracts.template.label')}
            hint={
              <>
                {chosen?.description}{' '}
                <Link to="/library" search={{ template: draft.template }}>
                  {t('contracts.template.about')}
                </Link>
              </>
            }
            error={wrong('/spec/template')}
          >
            <Select
              value={draft.template}
              onChange={({ target }) => onChange({ template: target.value, settings: '' })}
            >
              {!chosen && <option>{draft.template}</option>}
              {templates.map(({ name, title }) => (
                <option key={name} value={name}>
                  {title}
                </option>
              ))}
            </Select>
          </Field>
        );
      }}
    </Loaded>
  );
}

/** What can be set of the template, as a form of its parameters; what is left empty has its default. */
export function TemplateSettings({ draft, onChange, wrong }: Props) {
  const { t } = useTranslation();
  const { data } = useTemplates();
  const template = data?.pages.flatMap(({ items }) => items).find(({ name }) => name === draft.template);
  if (!template || template.parameters.length === 0) return null;
  const settings = settingsOf(draft.settings);
  return (
    <fieldset className="contract-settings">
      <legend className="field-label">{t('contracts.template.settings')}</legend>
      <div className="grid">
        {template.parameters.map((parameter) => {
          const props = {
            value: settings[parameter.name] ?? '',
            onChange: ({ target }: { target: { value: string } }) =>
              onChange({ settings: withSetting(draft.settings, parameter.name, target.value) }),
          };
          return (
            <Field
              key={parameter.name}
              label={parameter.title}
              hint={parameter.meaning}
              error={wrong(`/spec/settings/${parameter.name}`)}
            >
              {parameter.type === 'choice' ? (
                <Select {...props}>
                  <option value="">{t('contracts.template.default', { value: parameter.default })}</option>
                  {(parameter.values ?? []).map((value) => (
                    <option key={value}>{value}</option>
                  ))}
                </Select>
              ) : (
                <Input
                  type="number"
                  min={parameter.minimum ?? undefined}
                  max={parameter.maximum ?? undefined}
                  placeholder={parameter.default}
                  {...props}
                />
              )}
            </Field>
          );
        })}
      </div>
    </fieldset>
  );
}
