/** People of a test's own: invited, with an account, signed in. */
import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';
import { open } from './browser';
import type { Platform } from './platform';

type Role = 'owner' | 'admin' | 'operator' | 'developer' | 'auditor' | 'signer';
type Place = { tenant?: string; organization?: string };

/** A page of somebody new who is in a role, in the tenant `default` where nothing else is said. */
export async function enter(
  browser: Browser,
  platform: Platform,
  role: Role,
  { tenant = 'default', organization }: Place = {},
): Promise<Page> {
  const email = `${role}@${tenant}.example`;
  const password = 'three quiet owls listen';
  const invitation = await platform.api<{ token: string }>('POST', `admin/tenants/${tenant}/invitations`, {
    email,
    role,
    ...(organization && { organization }),
  });
  const page = await open(browser, platform);
  const account = { token: invitation.token, email, displayName: `The ${role}`, password };
  const accepted = await page.request.post('/v1/invitations:accept', { data: account });
  expect(accepted.ok(), await accepted.text()).toBe(true);
  const session = await page.request.post('/v1/session', { data: { email, password } });
  expect(session.ok(), await session.text()).toBe(true);
  return page;
}

/** Asks the API as whoever is signed in at a page. */
export async function ask<T = unknown>(page: Page, method: string, path: string, data?: unknown): Promise<T> {
  const { csrfToken } = await (await page.request.get('/v1/session')).json();
  const answer = await page.request.fetch(`/v1/${path}`, {
    method,
    headers: { 'X-CSRF-Token': csrfToken },
    ...(data !== undefined && { data }),
  });
  expect(answer.ok(), `${method} /v1/${path}: ${await answer.text()}`).toBe(true);
  return answer.json();
}
