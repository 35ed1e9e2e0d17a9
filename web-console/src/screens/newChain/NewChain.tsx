import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, once } from '@/api/client';
import { useMay } from '@/api/session';
import { Button, Forbidden, PageHead, Problem } from '@/kit';
import { chainOf } from './draft';
import { MembersStep } from './MembersStep';
import { NetworkStep } from './NetworkStep';
import { PurposeStep } from './PurposeStep';
import { Review } from './Review';
import type { StepProps } from './StepCard';
import { Summary } from './Summary';
import { STEPS, type StepName } from './steps';
import { useDraft } from './useDraft';
import { useSettled } from './useSettled';
import { concerns, objectionQuery, takenQuery } from './validate';
import './newChain.css';

const route = getRouteApi('/shell/chains/new');

/** What is typed is asked about once the keys have rested so long, in milliseconds. */
const SETTLED = 300;

/** Three steps and a review, on one page with what they amount to. The step stands in the address, the draft in this tab. */
export function NewChain() {
  const { t } = useTranslation();
  const mayWrite = useMay('chains:write');
  return (
    <>
      <PageHead
        title={t('newChain.title')}
        text={t('newChain.text')}
        crumbs={<Link to="/chains">{t('chains.title')}</Link>}
      />
      {mayWrite ? <Wizard /> : <Forbidden scope="chains:write" />}
    </>
  );
}

function Wizard() {
  const { t } = useTranslation();
  const { step = 'purpose', begin } = route.useSearch();
  const navigate = route.useNavigate();
  const queries = useQueryClient();
  const { draft, fallback, change, discard } = useDraft(begin);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [isShown, setShown] = useState(false);
  const chain = chainOf(draft, fallback);
  const { data: objection } = useQuery({
    ...objectionQuery(JSON.parse(useSettled(JSON.stringify(chain), SETTLED))),
    placeholderData: (last) => last,
  });
  const { data: isTaken = false } = useQuery(takenQuery(useSettled(chain.name, SETTLED)));

  const go = (next: StepName) => {
    setError(undefined);
    setShown(false);
    navigate({ search: { ...(begin && { begin }), ...(next !== 'purpose' && { step: next }) } });
  };
  const forward = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const found = await queries.fetchQuery(objectionQuery(chain));
      if (isTaken && step === 'purpose') {
        setShown(true);
      } else if (found && concerns(found, step)) {
        setShown(true);
        if (!found.problem.errors?.length) setError(found);
      } else if (step === 'review') {
        const { operation } = await call(api.POST('/v1/chains', { body: chain, headers: once() }));
        queries.invalidateQueries({ queryKey: ['chains'] });
        discard();
        if (operation) navigate({ to: '/operations/$operation', params: { operation: operation.id } });
        else navigate({ to: '/chains' });
      } else {
        go(STEPS[STEPS.indexOf(step) + 1] ?? 'review');
      }
    } catch (caught) {
      setError(caught);
    }
    setBusy(false);
  };
  // A name is told at once that it is taken or wrong; a field that was not reached yet is not.
  const wrong = (pointer: string) => (isShown || pointer === '/name' ? objection?.field(pointer) : undefined);
  const props: StepProps = { draft, change, wrong: draft.displayName || isShown ? wrong : () => undefined };
  const elsewhere = isShown
    ? (objection?.problem.errors ?? []).filter(({ pointer }) => pointer.startsWith('/spec'))
    : [];

  return (
    <form className="wizard" onSubmit={forward} noValidate>
      <div className="stack">
        <Progress step={step} go={go} />
        {step === 'purpose' && (
          <PurposeStep {...props} name={chain.name} isTaken={isTaken && draft.displayName !== ''} />
        )}
        {step === 'members' && <MembersStep {...props} />}
        {step === 'network' && <NetworkStep {...props} />}
        {step === 'review' && <Review chain={chain} />}
        {elsewhere.length > 0 && (
          <div className="notice notice-bad" role="alert">
            <ul>
              {elsewhere.map(({ pointer, detail }) => (
                <li key={pointer}>{detail}</li>
              ))}
            </ul>
          </div>
        )}
        {error !== undefined && <Problem error={error} />}
        <div className="wizard-foot">
          <Button look="quiet" onClick={discard}>
            {t('newChain.discard')}
          </Button>
          <span className="grow" />
          {step !== 'purpose' && (
            <Button onClick={() => go(STEPS[STEPS.indexOf(step) - 1] ?? 'purpose')}>
              {t('newChain.back')}
            </Button>
          )}
          <Button look="primary" type="submit" busy={isBusy}>
            {step === 'review' ? t('newChain.create') : t('newChain.next')}
          </Button>
        </div>
      </div>
      <Summary draft={draft} name={chain.name} objection={objection ?? undefined} />
    </form>
  );
}

function Progress({ step, go }: { step: StepName; go: (step: StepName) => void }) {
  const { t } = useTranslation();
  const at = STEPS.indexOf(step);
  return (
    <nav aria-label={t('newChain.steps')}>
      <ol className="wizard-steps">
        {STEPS.map((each, index) => (
          <li key={each} {...(each === step && { 'aria-current': 'step' as const })}>
            <button type="button" disabled={index > at} onClick={() => go(each)}>
              <span className="wizard-number">{index + 1}</span>
              {t(`newChain.step.${each}`)}
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}
