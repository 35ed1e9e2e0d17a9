import {
  type ComponentProps,
  createContext,
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  useContext,
  useId,
} from 'react';
import { useTranslation } from 'react-i18next';

const Described = createContext<{ id: string; describedBy: string | undefined; isInvalid: boolean } | null>(
  null,
);

type FieldProps = {
  label: ReactNode;
  hint?: ReactNode;
  /** What is wrong with the value, such as `ApiError.field(pointer)`. */
  error?: string | null | undefined;
  required?: boolean;
  children: ReactNode;
};

/** A labelled input. The input inside finds its id and its descriptions by itself. */
export function Field({ label, hint, error, required, children }: FieldProps) {
  const { t } = useTranslation();
  const id = useId();
  const describedBy = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ') || undefined;
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {label}
        {required && <small>{t('kit.required')}</small>}
      </label>
      <Described.Provider value={{ id, describedBy, isInvalid: Boolean(error) }}>
        {children}
      </Described.Provider>
      {hint && (
        <div className="field-hint" id={`${id}-hint`}>
          {hint}
        </div>
      )}
      {error && (
        <div className="field-error" id={`${id}-error`} role="alert">
          {error}
        </div>
      )}
    </div>
  );
}

function useDescribed() {
  const field = useContext(Described);
  if (!field) return {};
  const { id, describedBy, isInvalid } = field;
  return {
    id,
    ...(describedBy && { 'aria-describedby': describedBy }),
    ...(isInvalid && { 'aria-invalid': true }),
  };
}

export function Input(props: ComponentProps<'input'>) {
  return <input className="input" autoComplete="off" {...useDescribed()} {...props} />;
}

export function Textarea(props: ComponentProps<'textarea'>) {
  return <textarea className="input" {...useDescribed()} {...props} />;
}

export function Select(props: SelectHTMLAttributes<HTMLSelectElement>) {
  return <select className="input" {...useDescribed()} {...props} />;
}

type CheckProps = Omit<InputHTMLAttributes<HTMLInputElement>, 'type'> & {
  label: ReactNode;
  hint?: ReactNode;
};

export function Check({ label, hint, ...rest }: CheckProps) {
  return (
    <label className="check">
      <input type="checkbox" {...rest} />
      <span>
        {label}
        {hint && <span className="field-hint"> {hint}</span>}
      </span>
    </label>
  );
}

type Choice<T extends string> = { value: T; label: ReactNode; text?: ReactNode; disabled?: boolean };
type ChoicesProps<T extends string> = {
  label: ReactNode;
  value: T | undefined;
  choices: Choice<T>[];
  onChange: (value: T) => void;
};

/** A few alternatives with a line each, side by side. */
export function Choices<T extends string>({ label, value, choices, onChange }: ChoicesProps<T>) {
  const name = useId();
  return (
    <fieldset className="stack-s">
      <legend className="field-label">{label}</legend>
      <div className="choices">
        {choices.map((choice) => (
          <label key={choice.value} className="choice">
            <input
              type="radio"
              name={name}
              value={choice.value}
              checked={choice.value === value}
              disabled={choice.disabled}
              onChange={() => onChange(choice.value)}
            />
            <strong>{choice.label}</strong>
            {choice.text && <small>{choice.text}</small>}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
