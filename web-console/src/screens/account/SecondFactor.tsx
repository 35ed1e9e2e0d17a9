import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, call, type Schemas } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { sessionQuery } from '@/api/session';
import { Badge, Button, Card, Code, Dialog, Field, Hash, Input, Loading, Problem } from '@/kit';

// Few set up a second factor, and once: what draws the code is loaded then.
const QrCode = lazy(() => import('./QrCode').then(({ QrCode }) => ({ default: QrCode })));

/** Turns the second factor on, in three steps: password, code, recovery codes kept; or off again. */
export function SecondFactor({ isOn }: { isOn: boolean }) {
  const { t } = useTranslation();
  const [step, setStep] = useState<'begin' | 'end'>();
  const [pending, setPending] = useState<Schemas['PendingFactor']>();
  const [codes, setCodes] = useState<string[]>();
  const queries = useQueryClient();
  const close = () => {
    setStep(undefined);
    setPending(undefined);
    setCodes(undefined);
    queries.invalidateQueries({ queryKey: sessionQuery.queryKey });
  };
  return (
    <Card
      title={t('account.factor.title')}
      actions={
        isOn ? <Badge tone="ok">{t('account.factor.on')}</Badge> : <Badge>{t('account.factor.off')}</Badge>
      }
    >
      <div className="stack">
        <p className="muted">{t('account.factor.why')}</p>
        <div>
          {isOn ? (
            <Button onClick={() => setStep('end')}>{t('account.factor.end')}</Button>
          ) : (
            <Button look="primary" onClick={() => setStep('begin')}>
              {t('account.factor.begin')}
            </Button>
          )}
        </div>
      </div>
      {step === 'begin' && (
        <Dialog title={t('account.factor.begin')} onClose={close}>
          {codes ? (
            <Kept codes={codes} onDone={close} />
          ) : pending ? (
            <Confirm pending={pending} onDone={setCodes} />
          ) : (
            <AskPassword
              action={t('account.factor.begin')}
              act={(password) => call(api.POST('/v1/session:beginTotp', { body: { password } }))}
              onDone={setPending}
            />
          )}
        </Dialog>
      )}
      {step === 'end' && (
        <Dialog title={t('account.factor.end')} onClose={close}>
          <p className="muted">{t('account.factor.endText')}</p>
          <AskPassword
            action={t('account.factor.end')}
            act={(password) => call(api.POST('/v1/session:endTotp', { body: { password } }))}
            onDone={close}
          />
        </Dialog>
      )}
    </Card>
  );
}

type AskProps<T> = { action: string; act: (password: string) => Promise<T>; onDone: (result: T) => void };

function AskPassword<T>({ action, act, onDone }: AskProps<T>) {
  const { t } = useTranslation();
  const [password, setPassword] = useState('');
  const ask = useMutation({ mutationFn: () => act(password), onSuccess: onDone });
  const wrong = fieldErrors(ask.error)('/password');
  return (
    <form className="stack" onSubmit={sent(() => ask.mutate())}>
      <Field label={t('account.password.current')} error={wrong}>
        <Input
          type="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
      </Field>
      {ask.error && !wrong && <Problem error={ask.error} />}
      <div className="dialog-foot">
        <Button look="primary" type="submit" busy={ask.isPending}>
          {action}
        </Button>
      </div>
    </form>
  );
}

function Confirm({
  pending,
  onDone,
}: {
  pending: Schemas['PendingFactor'];
  onDone: (codes: string[]) => void;
}) {
  const { t } = useTranslation();
  const [code, setCode] = useState('');
  const confirm = useMutation({
    mutationFn: () => call(api.POST('/v1/session:confirmTotp', { body: { code } })),
    onSuccess: ({ recoveryCodes }) => onDone(recoveryCodes),
  });
  const wrong = fieldErrors(confirm.error)('/code');
  return (
    <form className="stack" onSubmit={sent(() => confirm.mutate())}>
      <p>{t('account.factor.scan')}</p>
      <div className="factor-setup">
        <Suspense fallback={<Loading />}>
          <QrCode text={pending.uri} label={t('account.factor.qr')} />
        </Suspense>
        <dl>
          <dt>{t('account.factor.secret')}</dt>
          <dd>
            <Hash value={pending.secret} ends={40} />
          </dd>
          <dt>{t('account.factor.uri')}</dt>
          <dd>
            <a href={pending.uri}>{pending.uri.slice(0, 28)}…</a>
          </dd>
        </dl>
      </div>
      <Field label={t('account.factor.code')} error={wrong}>
        <Input
          inputMode="numeric"
          autoComplete="one-time-code"
          required
          value={code}
          onChange={(event) => setCode(event.target.value)}
        />
      </Field>
      {confirm.error && !wrong && <Problem error={confirm.error} />}
      <div className="dialog-foot">
        <Button look="primary" type="submit" busy={confirm.isPending}>
          {t('account.factor.confirm')}
        </Button>
      </div>
    </form>
  );
}

function Kept({ codes, onDone }: { codes: string[]; onDone: () => void }) {
  const { t } = useTranslation();
  return (
    <div className="stack">
      <h3>{t('account.factor.recovery')}</h3>
      <p>{t('account.factor.recoveryText')}</p>
      <Code text={codes.join('\n')} label={t('account.factor.recovery')} />
      <div className="dialog-foot">
        <Button look="primary" onClick={onDone}>
          {t('account.factor.kept')}
        </Button>
      </div>
    </div>
  );
}

const sent = (act: () => void) => (event: FormEvent) => {
  event.preventDefault();
  act();
};
