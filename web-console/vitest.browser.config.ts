import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Tests in a real browser against the real platform; `tests/run` and the tests of `tests/tests/console.rs` start them. */
export default defineConfig({
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  test: {
    dir: 'tests',
    // Each file has a platform of its own; two browsers at once are enough for a small machine.
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 120_000,
  },
});
