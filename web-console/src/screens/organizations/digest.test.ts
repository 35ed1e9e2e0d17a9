import { afterEach, expect, test, vi } from 'vitest';
import { digest } from './digest';

const ABC = 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

afterEach(() => vi.unstubAllGlobals());

test('the digest of a file is the one that sha256sum prints', async () => {
  expect(await digest(new Blob(['abc']))).toBe(ABC);
});

test('it is the same where the browser computes none', async () => {
  vi.stubGlobal('crypto', {});

  expect(await digest(new Blob(['abc']))).toBe(ABC);
});
