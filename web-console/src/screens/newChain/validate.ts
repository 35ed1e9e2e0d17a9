/** What the platform says about a draft, by `validateOnly`: the same checks as when the chain is created. */
import { queryOptions } from '@tanstack/react-query';
import { api, call, type Schemas } from '@/api/client';
import { ApiError } from '@/api/problem';
import { STEPS, type StepName } from './steps';

/** The platform's objection to a draft; `null` when it would take it. */
export const objectionQuery = (chain: Schemas['NewChain']) =>
  queryOptions({
    queryKey: ['validate', chain],
    queryFn: async (): Promise<ApiError | null> => {
      try {
        await call(api.POST('/v1/chains', { params: { query: { validateOnly: true } }, body: chain }));
        return null;
      } catch (error) {
        if (error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 401)
          return error;
        throw error;
      }
    },
    staleTime: 30_000,
  });

/** Whether a chain of this name is there already. The checks of a draft come to that only once its members are right. */
export const takenQuery = (name: string) =>
  queryOptions({
    queryKey: ['chains', name, 'taken'],
    queryFn: async () => {
      const { response } = await api.GET('/v1/chains/{name}', { params: { path: { name } } });
      return response.ok;
    },
    enabled: name.length > 2,
    staleTime: 30_000,
  });

/** On which step a field is, by its JSON pointer. */
export function stepOf(pointer: string): StepName {
  if (/^\/(name|spec\/(displayName|description))$/.test(pointer)) return 'purpose';
  return pointer.startsWith('/spec/members') ? 'members' : 'network';
}

/** Whether an objection concerns a step or one before it: what comes later may still be filled in. */
export function concerns(objection: ApiError | null | undefined, step: StepName): boolean {
  if (!objection) return false;
  const pointers = objection.problem.errors?.map((error) => error.pointer);
  // A name that is taken, a quota that is used up: no field of a later step mends it.
  if (!pointers || pointers.length === 0) return true;
  return pointers.some((pointer) => STEPS.indexOf(stepOf(pointer)) <= STEPS.indexOf(step));
}
