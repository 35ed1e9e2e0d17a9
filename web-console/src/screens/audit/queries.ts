import { api, call, type Schemas } from '@/api/client';
import { listOptions, present } from '@/api/queries';
import type { Tone } from '@/kit';

export type AuditEvent = Schemas['AuditEvent'];

export const OUTCOME_TONES: Record<Schemas['Outcome'], Tone> = {
  done: 'ok',
  refused: 'warn',
  failed: 'bad',
  interrupted: 'bad',
};

export type AuditFilter = {
  actor?: string | undefined;
  action?: string | undefined;
  object?: string | undefined;
  outcome?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
};

/** What the API takes for a filter; days of the address become the times at which they begin, in UTC. */
export const asked = ({ from, to, ...rest }: AuditFilter) =>
  present({ ...rest, from: from && `${from}T00:00:00Z`, to: to && `${to}T23:59:59Z` });

export const auditQuery = (filter: AuditFilter) =>
  listOptions(['audit', filter], (pageToken) =>
    call(
      api.GET('/v1/audit-events', {
        params: { query: present({ ...asked(filter), newestFirst: true, pageToken }) },
      }),
    ),
  );
