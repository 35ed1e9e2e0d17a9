import { expect, test } from 'vitest';
import { digest } from './digest';

test('the digest of a file is the one that sha256sum prints', async () => {
  const file = new Blob(['abc']);

  expect(await digest(file)).toBe('sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});
