/** Where a file's tests take place. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { launch, open, signIn } from './browser';
import { Platform } from './platform';

type Scene = {
  /** A platform of the file's own. */
  readonly platform: Platform;
  readonly browser: Browser;
  /** A page at which the administrator is signed in, unless the tests begin before that. */
  readonly page: Page;
};

type SceneOptions = Parameters<typeof Platform.start>[0] & { signedIn?: boolean };

/** Has a platform for the tests of a file, with the demo chain where `demo` says so, and a browser; ends both after them. */
export function scene({ signedIn = true, ...options }: SceneOptions = {}): Scene {
  const here: Partial<{ -readonly [K in keyof Scene]: Scene[K] }> = {};
  beforeAll(async () => {
    [here.platform, here.browser] = await Promise.all([Platform.start(options), launch()]);
    here.page = await open(here.browser, here.platform);
    if (signedIn) await signIn(here.page, here.platform);
  });
  afterAll(async () => {
    await here.browser?.close();
    await here.platform?.stop();
  });
  return here as Scene;
}
