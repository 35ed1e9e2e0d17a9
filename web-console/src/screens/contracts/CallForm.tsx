import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, once, type Schemas } from '@/api/client';
import { chainQuery } from '@/api/queries';
import { Button, Card, Field, Input, Problem, Select, Textarea, useRefusal } from '@/kit';
import { CallAnswer } from './CallAnswer';
import { examples } from './example';
import { argumentsOf, type ContractFunction, WrongArgument } from './metadata';
import type { Place } from './queries';

/** One function, as a form of its parameters. */
export function CallForm({ place, target }: { place: Place; target: ContractFunction }) {
  const { t } = useTranslation();
  const [written, setWritten] = useState<Record<string, string>>({});
  return (
    <Caller
      place={place}
      title={target.name}
      text={target.description}
      isSubmit={target.isSubmit}
      request={() => ({ function: target.name, arguments: argumentsOf(target.parameters, written) })}
      {...(target.parameters.some(({ isRequired }) => isRequired) && {
        onExample: () => setWritten(examples(target.parameters, written)),
      })}
    >
      {(wrong) =>
        target.parameters.map((parameter) => {
          const props = {
            required: parameter.isRequired && parameter.type !== 'string',
            value: written[parameter.name] ?? '',
            onChange: (event: { target: { value: string } }) =>
              setWritten((before) => ({ ...before, [parameter.name]: event.target.value })),
          };
          const isLarge = parameter.type === 'object' || parameter.type === 'array';
          return (
            <Field
              key={parameter.name}
              label={<code>{parameter.name}</code>}
              hint={[parameter.description, parameter.type !== 'string' && parameter.type]
                .filter(Boolean)
                .join(' · ')}
              error={
                wrong === parameter.name ? t('contracts.call.wrongType', { type: parameter.type }) : undefined
              }
              required={parameter.isRequired}
            >
              {parameter.type === 'boolean' ? (
                <Select {...props}>
                  <option value="" />
                  <option>true</option>
                  <option>false</option>
                </Select>
              ) : isLarge ? (
                <Textarea {...props} className="input mono" />
              ) : (
                <Input {...props} />
              )}
            </Field>
          );
        })
      }
    </Caller>
  );
}

/** A contract that says nothing about itself: the function and its arguments, by hand. */
export function FreeCallForm({ place }: { place: Place }) {
  const { t } = useTranslation();
  const [name, setName] = useState('');
  const [lines, setLines] = useState('');
  return (
    <div className="stack">
      <div className="notice">{t('contracts.call.noMetadata')}</div>
      <Caller
        place={place}
        title={t('contracts.call.free')}
        isSubmit
        request={() => ({
          function: name.trim(),
          arguments: lines === '' ? [] : lines.split('\n'),
        })}
      >
        {() => (
          <>
            <Field label={t('contracts.call.function')} required>
              <Input required value={name} onChange={(event) => setName(event.target.value)} />
            </Field>
            <Field label={t('contracts.call.arguments')} hint={t('contracts.call.argumentsHint')}>
              <Textarea
                className="input mono"
                value={lines}
                onChange={(event) => setLines(event.target.value)}
              />
            </Field>
          </>
        )}
      </Caller>
    </div>
  );
}

type CallerProps = {
  place: Place;
  title: string;
  text?: string | undefined;
  /** Whether a call is meant to change the ledger. */
  isSubmit: boolean;
  request: () => Pick<Schemas['ContractCall'], 'function' | 'arguments'>;
  /** Fills in values to try it with. */
  onExample?: () => void;
  /** The fields; given the parameter that does not fit its type. */
  children: (wrong: string | undefined) => ReactNode;
};

/** Who calls, the buttons, and the answer. */
function Caller({ place, title, text, isSubmit, request, onExample, children }: CallerProps) {
  const { t } = useTranslation();
  const chain = useQuery(chainQuery(place.chain));
  const refusal = useRefusal('ledger:submit');
  const [organization, setOrganization] = useState('');
  const [identity, setIdentity] = useState('');
  const members = (chain.data?.spec.members ?? []).map((member) => member.organization);
  const ask = useMutation({
    mutationFn: async (kind: 'evaluate' | 'submit') => {
      const body = {
        ...request(),
        ...(organization && { organization }),
        ...(identity.trim() && { identity: identity.trim() }),
      };
      return kind === 'submit'
        ? call(
            api.POST('/v1/chains/{chain}/channels/{channel}/contracts/{contract}:submit', {
              params: { path: place, header: once() },
              body,
            }),
          )
        : call(
            api.POST('/v1/chains/{chain}/channels/{channel}/contracts/{contract}:evaluate', {
              params: { path: place },
              body,
            }),
          );
    },
  });
  const wrong = ask.error instanceof WrongArgument ? ask.error.parameter : undefined;
  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const { submitter } = event.nativeEvent as SubmitEvent;
    const kind = submitter?.getAttribute('value') === 'submit' ? 'submit' : 'evaluate';
    if (kind === 'evaluate' || !refusal) ask.mutate(kind);
  };
  const submitButton = (
    <Button
      look={isSubmit ? 'primary' : 'plain'}
      type="submit"
      value="submit"
      busy={ask.isPending && ask.variables === 'submit'}
      disabledReason={refusal}
    >
      {t('contracts.call.submit')}
    </Button>
  );
  return (
    <div className="stack">
      <Card
        title={title}
        actions={
          onExample && (
            <Button size="small" onClick={onExample}>
              {t('contracts.call.example')}
            </Button>
          )
        }
      >
        <form className="stack" onSubmit={send}>
          {text && <p className="muted">{text}</p>}
          {children(wrong)}
          <details>
            <summary>{t('contracts.call.as')}</summary>
            <div className="grid contract-as">
              <Field label={t('contracts.call.organization')} hint={t('contracts.call.organizationHint')}>
                <Select value={organization} onChange={(event) => setOrganization(event.target.value)}>
                  <option value="">{t('contracts.call.firstMember')}</option>
                  {members.map((member) => (
                    <option key={member}>{member}</option>
                  ))}
                </Select>
              </Field>
              <Field label={t('contracts.call.identity')} hint={t('contracts.call.identityHint')}>
                <Input value={identity} onChange={(event) => setIdentity(event.target.value)} />
              </Field>
            </div>
          </details>
          <div className="row">
            {isSubmit && submitButton}
            <Button
              look={isSubmit ? 'plain' : 'primary'}
              type="submit"
              value="evaluate"
              busy={ask.isPending && ask.variables === 'evaluate'}
            >
              {t('contracts.call.evaluate')}
            </Button>
            {!isSubmit && submitButton}
          </div>
          <p className="small muted">{t('contracts.call.difference')}</p>
        </form>
      </Card>
      {ask.error && !wrong && <Problem error={ask.error} />}
      {ask.data && <CallAnswer place={place} answer={ask.data} />}
    </div>
  );
}
