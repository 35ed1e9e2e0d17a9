import { useEffect, useState } from 'react';
import { useFormat } from '@/i18n/format';

/** A time in the reader's zone, with UTC on hover. */
export function Time({ value }: { value: string }) {
  const format = useFormat();
  return (
    <time dateTime={value} title={format.utc(value)}>
      {format.time(value)}
    </time>
  );
}

/** The clock, in steps; what shows an age renders again with it. */
export function useNow(every: number, isRunning = true): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every, isRunning]);
  return now;
}

/** How long ago something was; the time itself and UTC on hover. */
export function Age({ value }: { value: string }) {
  const format = useFormat();
  const now = useNow(15_000);
  return (
    <time dateTime={value} title={`${format.time(value)} (${format.utc(value)})`}>
      {format.ago(value, now)}
    </time>
  );
}
