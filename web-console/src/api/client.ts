/**
 * The one client of the REST API. Nothing else in the console makes requests.
 *
 * Paths, parameters and answers are typed by `schema.d.ts`, which is made from `api/openapi.json`.
 */
import createClient, { type Middleware } from 'openapi-fetch';
import { language } from '@/i18n';
import { ApiError } from './problem';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];

let csrfToken: string | undefined;

/** Remembers the token that every change of a cookie's session must carry. */
export function rememberCsrfToken(token: string | null | undefined) {
  csrfToken = token ?? undefined;
}

const headers: Middleware = {
  onRequest({ request }) {
    request.headers.set('Accept-Language', language());
    if (csrfToken && request.method !== 'GET') request.headers.set('X-CSRF-Token', csrfToken);
    return request;
  },
};

/** The typed client; use it through {@link call}, which turns problems into exceptions. */
export const api = createClient<paths>({ baseUrl: '', fetch: (request) => reach(request) });
api.use(headers);

async function reach(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw ApiError.unreachable(error);
  }
}

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** The body of a successful answer; throws an {@link ApiError} for every other. */
export async function call<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer;
  if (!response.ok) throw ApiError.of(response, error);
  return data as T;
}

// Not `crypto.randomUUID`: browsers have that at https:// and on this machine only.
const random = () =>
  Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(16)).join('-');

/** A key for a request that must happen once, however often it is sent. */
export const once = () => ({ 'Idempotency-Key': random() });
