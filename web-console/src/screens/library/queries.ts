import { api, call, type Schemas } from '@/api/client';
import { listOptions, present } from '@/api/queries';

export type Template = Schemas['Template'];

/** The business templates, in the words of a language. */
export const templatesQuery = (language: string) =>
  listOptions(['templates', language], (pageToken) =>
    call(api.GET('/v1/templates', { params: { query: present({ pageToken }) } })),
  );
