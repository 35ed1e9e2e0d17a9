/** What people do with their accounts: an invitation, a second factor. */
import { expect, test } from 'vitest';
import { look, open } from './browser';
import { scene } from './scene';
import { totp } from './totp';

const EMAIL = 'li@bank.example';
const OWN = 'four brown foxes sleep';

const here = scene({ signedIn: false });

test('somebody who is invited makes an account, protects it, and signs in with a code', async () => {
  const invitation = await here.platform.api<{ token: string }>('POST', 'invitations', {
    email: EMAIL,
    role: 'auditor',
  });
  const page = await open(here.browser, here.platform);
  await page.goto(`/invitation#${invitation.token}`);
  await page.getByLabel('E-mail address').fill(EMAIL);
  await page.getByLabel('Your name').fill('Li Lei');
  await page.getByLabel('Password').fill(OWN);
  await look(page, 'invitation');
  await page.getByRole('button', { name: 'Accept' }).click();
  await page.getByText('You are now Auditor in default.').waitFor();

  await page.goto('/account');
  await page.getByLabel('E-mail address').fill(EMAIL);
  await page.getByLabel('Password').fill(OWN);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Set up a second factor' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Current password').fill(OWN);
  await dialog.getByRole('button', { name: 'Set up a second factor' }).click();
  await dialog.getByRole('img', { name: 'The key, to scan' }).waitFor();
  await look(page, 'second-factor');
  const secret = (await dialog.locator('.hash span').first().textContent()) ?? '';
  await dialog.getByLabel('Code').fill(totp(secret));
  await dialog.getByRole('button', { name: 'Turn it on' }).click();
  await dialog.getByText('Recovery codes').first().waitFor();
  const codes = ((await dialog.locator('pre').textContent()) ?? '').trim().split('\n');
  await dialog.getByRole('button', { name: 'I have kept them' }).click();
  await page.getByText('On', { exact: true }).waitFor();

  const again = await open(here.browser, here.platform);
  await again.goto('/sign-in');
  await again.getByLabel('E-mail address').fill(EMAIL);
  await again.getByLabel('Password').fill(OWN);
  await again.getByRole('button', { name: 'Sign in' }).click();
  await again.getByLabel('Code of the second factor').fill(codes[0] ?? '');
  await look(again, 'sign-in-code');
  await again.getByRole('button', { name: 'Confirm' }).click();
  await again.getByRole('heading', { name: 'Overview' }).waitFor();
});

test('an auditor sees why a chain cannot be created', async () => {
  const page = await open(here.browser, here.platform);
  const invitation = await here.platform.api<{ token: string }>('POST', 'invitations', { role: 'auditor' });
  const body = { token: invitation.token, email: 'wang@bank.example', displayName: 'Wang', password: OWN };
  expect((await page.request.post('/v1/invitations:accept', { data: body })).ok()).toBe(true);
  await page.request.post('/v1/session', { data: { email: body.email, password: OWN } });

  await page.goto('/chains/new');

  await page.getByText('You may not see this').waitFor();
  await page.getByText('Owner, Administrator').waitFor();
  await look(page, 'forbidden');
});
