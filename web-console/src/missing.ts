/** Parts of the console that cannot be loaded: after an upgrade of the platform, those that an open page names are gone. */
import { api } from './api/client';

/** A page is read anew this often at the most, in milliseconds, so that one that stays broken does not flicker. */
const AGAIN = 10_000;
const KEY = 'entente.readAnew';

/** A part did not come. */
export class MissingPart extends Error {}

/**
 * Loads a screen. The router reads the page anew by itself for what a browser says of a part that did not come, which leads to an
 * error of the browser's own where the platform does not answer at all; so that it gets an error of ours.
 */
export const part =
  <T>(load: () => Promise<T>) =>
  () =>
    load().catch((cause) => {
      throw new MissingPart('a part of the console did not come', { cause });
    });

/** Whether an error is that of a part that did not come, also as Chromium, Firefox and Safari say it. */
export const isMissing = (error: unknown): boolean =>
  error instanceof MissingPart ||
  (error instanceof Error && /dynamically imported module|importing a module script/i.test(error.message));

/** Reads the page anew, which names the parts that there are now; `false` when that has just been tried. */
export function readAnew(): boolean {
  const last = Number(sessionStorage.getItem(KEY) ?? 0);
  if (Date.now() - last < AGAIN) return false;
  sessionStorage.setItem(KEY, String(Date.now()));
  window.location.reload();
  return true;
}

/**
 * The strings are among what did not come, so that this one text is in both languages. As soon as the platform answers, the page
 * is read anew.
 */
export function sayMissing(root: HTMLElement) {
  root.textContent = 'The console could not be loaded; trying again. · 控制台未能加载，正在重试。';
  root.style.padding = '2rem';
  const tryAgain = () =>
    api
      .GET('/v1/sign-in')
      .then(() => readAnew())
      .catch(() => undefined);
  tryAgain();
  setInterval(tryAgain, 2_000);
}
