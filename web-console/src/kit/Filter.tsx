/** What a list is narrowed by, in a row above it. Each stands in the address under its own name. */
import { useTranslation } from 'react-i18next';
import { RESOURCE_STATES } from '@/api/queries';

type FilterProps = { label: string; value: string | undefined; onChange: (value: string) => void };

/** Something typed. */
export function SearchFilter({ label, value, onChange }: FilterProps) {
  return (
    <input
      className="input filter"
      type="search"
      aria-label={label}
      placeholder={label}
      value={value ?? ''}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

type ChoiceProps<T extends string> = FilterProps & {
  /** What is said when nothing is chosen, such as "Any state". */
  any: string;
  choices: readonly T[];
  words: (choice: T) => string;
};

/** One of a few. */
export function ChoiceFilter<T extends string>({
  label,
  value,
  onChange,
  any,
  choices,
  words,
}: ChoiceProps<T>) {
  return (
    <select
      className="input filter"
      aria-label={label}
      value={value ?? ''}
      onChange={(event) => onChange(event.target.value)}
    >
      <option value="">{any}</option>
      {choices.map((choice) => (
        <option key={choice} value={choice}>
          {words(choice)}
        </option>
      ))}
    </select>
  );
}

/** The state of a resource. */
export function StateFilter({ value, onChange }: Omit<FilterProps, 'label'>) {
  const { t } = useTranslation();
  return (
    <ChoiceFilter
      label={t('kit.state')}
      any={t('kit.anyState')}
      choices={RESOURCE_STATES}
      words={(state) => t(`state.resource.${state}`)}
      value={value}
      onChange={onChange}
    />
  );
}
