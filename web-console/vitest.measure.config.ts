import { mergeConfig } from 'vitest/config';
import browser from './vitest.browser.config';

/** What `npm run measure` runs: figures for docs/console.md. They depend on the machine, so that no test is made of them. */
export default mergeConfig(browser, {
  test: { include: ['**/*.measure.ts'], testTimeout: 600_000, fileParallelism: false },
});
