/** The newcomer's way without a mouse. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { open } from './browser';
import { EMAIL, PASSWORD } from './platform';
import { scene } from './scene';

const here = scene({ signedIn: false });

type Focused = { name: string; isOutlined: boolean };

/** What has the focus, and whether one sees that. */
const focused = (page: Page): Promise<Focused> =>
  page.evaluate(() => {
    const element = document.activeElement as HTMLElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return {
      name: (element.getAttribute('aria-label') ?? element.textContent ?? '').trim(),
      isOutlined: outlineStyle !== 'none' && outlineWidth !== '0px',
    };
  });

/** Goes on with Tab until it is there; everything on the way can be seen to have the focus. */
async function tabTo(page: Page, name: string) {
  const passed: string[] = [];
  for (let at = 0; at < 60; at += 1) {
    await page.keyboard.press('Tab');
    const now = await focused(page);
    if (now.name !== '') expect(now.isOutlined, `one sees that ${now.name} has the focus`).toBe(true);
    if (now.name === name) return;
    passed.push(now.name);
  }
  throw new Error(`Tab does not come to ${name}, but to ${passed.join(' | ')}`);
}

test('from the one-time password to a transaction in the explorer, by the keyboard alone', async () => {
  const page = await open(here.browser, here.platform);
  const { keyboard } = page;
  await page.goto('/');
  await page.getByLabel('E-mail address').waitFor();
  await keyboard.type(EMAIL);
  await keyboard.press('Tab');
  await keyboard.type(here.platform.oneTimePassword());
  await keyboard.press('Enter');
  await page.getByLabel('New password').waitFor();
  await keyboard.type(PASSWORD);
  await keyboard.press('Enter');
  await page.getByText('Your first chain is one form away').waitFor();

  await tabTo(page, 'Try a sandbox');
  await keyboard.press('Enter');
  await page.getByText('What cannot be changed later').waitFor();
  await tabTo(page, 'Create the chain');
  await keyboard.press('Enter');
  await page.getByRole('link', { name: 'Call the contract evidence' }).waitFor({ timeout: 60_000 });
  await tabTo(page, 'Call the contract evidence');
  await keyboard.press('Enter');
  await page.getByRole('button', { name: 'Fill in an example' }).waitFor();
  await tabTo(page, 'Fill in an example');
  await keyboard.press('Enter');
  await tabTo(page, 'Submit');
  await keyboard.press('Enter');
  await page.getByRole('link', { name: 'Show it in the explorer' }).waitFor();
  await tabTo(page, 'Show it in the explorer');
  await keyboard.press('Enter');

  await page.getByText('It passed every check').waitFor();
});

test('a menu is gone through by arrows and left by Escape, and a dialog gives the focus back', async () => {
  const page = await open(here.browser, here.platform);
  const { keyboard } = page;
  await page.request.post('/v1/session', { data: { email: EMAIL, password: PASSWORD } });
  await page.goto('/organizations');
  await page.getByRole('heading', { name: 'Organizations', level: 1 }).waitFor();

  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await keyboard.press('Tab');
  expect((await focused(page)).name).toBe('Skip to the content');
  await keyboard.press('Enter');
  await tabTo(page, 'New organization');
  await keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect((await focused(page)).name).toBe('New organization');

  await page.getByRole('button', { name: 'Theme' }).focus();
  await keyboard.press('Enter');
  const items = page.getByRole('menuitemradio');
  await items.first().waitFor();
  await keyboard.press('ArrowDown');
  expect(await items.nth(1).evaluate((item) => item === document.activeElement)).toBe(true);
  await keyboard.press('Escape');
  await items.first().waitFor({ state: 'detached' });
  expect((await focused(page)).name).toContain('Theme');
});
