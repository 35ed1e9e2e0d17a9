/**
 * Who may hold a stream of events. Over HTTP/1.1, which is what the platform speaks without a proxy before it, a browser opens six
 * connections to a server, for all its tabs together: a seventh tab with a stream would wait forever for its first answer. So a
 * tab holds one only while it is seen, and lets go of it when three others have taken one since; it asks every few seconds instead.
 */
import { useSyncExternalStore } from 'react';

/** Streams that all tabs together hold; as many connections are left for everything else. */
const MOST = 3;

const own = crypto.getRandomValues(new Uint32Array(2)).join('-');
const tabs = new BroadcastChannel('entente.streams');
const listeners = new Set<() => void>();
/** The tabs that have taken a stream since this one has. */
const since = new Set<string>();
let isHolding = false;

function hold(next: boolean) {
  if (isHolding === next) return;
  isHolding = next;
  for (const listener of listeners) listener();
}

function take() {
  if (listeners.size === 0 || document.visibilityState !== 'visible') return;
  since.clear();
  tabs.postMessage(own);
  hold(true);
}

tabs.addEventListener('message', ({ data }: MessageEvent<string>) => {
  since.add(data);
  if (since.size >= MOST) hold(false);
});
window.addEventListener('focus', take);
document.addEventListener('visibilitychange', () =>
  document.visibilityState === 'visible' ? take() : hold(false),
);

function subscribe(listener: () => void) {
  listeners.add(listener);
  if (listeners.size === 1) take();
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) isHolding = false;
  };
}

/** Whether this tab may hold a stream now. Only a screen that has one asks. */
export const useTurn = (): boolean => useSyncExternalStore(subscribe, () => isHolding);
