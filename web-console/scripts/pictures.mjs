// Writes the pictures of README.md and docs from those that the browser tests took: `npm run pictures` after `npm run test:browser`.
// Chromium, which took them, also writes WebP: so that a picture is some tens of kilobytes.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const CHOSEN = {
  'new-chain-review-light': 'wizard',
  'operation-succeeded-light': 'provisioning',
  'transaction-light': 'transaction',
  'contract-answer-zh-CN-light': 'contract-zh-CN',
};
const MOST = 100 * 1024;
const QUALITY = 0.82;

const from = process.env.ENTENTE_SCREENSHOTS ?? new URL('../tests/screenshots', import.meta.url).pathname;
const to = new URL('../../docs/pictures/', import.meta.url);
const executablePath = [process.env.ENTENTE_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser'].find(
  (place) => place && existsSync(place),
);

mkdirSync(to, { recursive: true });
const browser = await chromium.launch({
  executablePath,
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
const page = await browser.newPage();
for (const [name, picture] of Object.entries(CHOSEN)) {
  const taken = readFileSync(`${from}/${name}.png`).toString('base64');
  const written = await page.evaluate(
    async ([data, quality]) => {
      const image = new Image();
      image.src = `data:image/png;base64,${data}`;
      await image.decode();
      const canvas = Object.assign(document.createElement('canvas'), {
        width: image.width,
        height: image.height,
      });
      canvas.getContext('2d').drawImage(image, 0, 0);
      return canvas.toDataURL('image/webp', quality).split(',')[1];
    },
    [taken, QUALITY],
  );
  const bytes = Buffer.from(written, 'base64');
  if (bytes.length > MOST) throw new Error(`${picture} has ${bytes.length} bytes: choose a calmer screen`);
  writeFileSync(new URL(`${picture}.webp`, to), bytes);
  console.log(`${picture}.webp  ${(bytes.length / 1024).toFixed(0)} KB`);
}
await browser.close();
