/** What every address stands in, and how their searches are read. */
import { createRootRoute, createRoute, Outlet, redirect } from '@tanstack/react-router';
import type { Schemas } from '@/api/client';
import { RESOURCE_STATES, type ResourceFilter } from '@/api/queries';
import { sessionQuery } from '@/api/session';
import { queryClient } from '@/query';
import { Crash, NotFound } from '@/shell/Crash';
import { Shell } from '@/shell/Shell';

/** The string parameters of a screen's search, without the empty ones. */
export const texts =
  <K extends string>(...names: K[]) =>
  (search: Record<string, unknown>): { [N in K]?: string } =>
    Object.fromEntries(
      names
        .map((name) => [name, search[name]])
        .filter(([, value]) => typeof value === 'string' && value !== ''),
    ) as { [N in K]?: string };

/** A search as an address has it: names and texts. A number is not told apart from its digits, so that one can be searched for. */
export const parseSearch = (search: string) => Object.fromEntries(new URLSearchParams(search));

export function stringifySearch(search: Record<string, unknown>): string {
  const present = Object.entries(search).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(present.map(([name, value]) => [name, String(value)])).toString();
  return text && `?${text}`;
}

const STATES = new Set<unknown>(RESOURCE_STATES);

/** What a list of resources may be narrowed by. */
export const resourceSearch = (search: Record<string, unknown>): ResourceFilter => ({
  ...texts('q')(search),
  ...(STATES.has(search.state) && { state: search.state as Schemas['State'] }),
});

export const root = createRootRoute({
  component: Outlet,
  notFoundComponent: NotFound,
  errorComponent: (props) => (
    <main>
      <Crash {...props} />
    </main>
  ),
});

/** Everything that only signed-in people see. */
export const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  component: Shell,
  beforeLoad: async ({ location }) => {
    const session = await queryClient.ensureQueryData(sessionQuery);
    if (!session) throw redirect({ to: '/sign-in', search: { returnTo: location.href } });
    if (session.mustChangePassword) throw redirect({ to: '/first-password' });
  },
});

/** An address that leads nowhere, for whoever is signed in: the ways to everything else stay in sight. */
export const nowhere = createRoute({ getParentRoute: () => shell, path: '$', component: NotFound });
