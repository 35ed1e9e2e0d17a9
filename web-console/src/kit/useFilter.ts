import { useNavigate, useSearch } from '@tanstack/react-router';
import { narrowed } from '@/api/queries';

/**
 * The parts of the address's search that narrow a list, and how they are changed: on whichever screen the list stands.
 * Which of them an address may have is said by its route.
 */
export function useFilter<K extends string>(...names: K[]) {
  const search = useSearch({ strict: false }) as Record<string, string | undefined>;
  const navigate = useNavigate();
  const change = (to: (search: object) => object, replace: boolean) =>
    navigate({ to: '.', search: to as never, replace });
  const filter = Object.fromEntries(names.map((name) => [name, search[name]])) as Record<
    K,
    string | undefined
  >;
  return {
    filter,
    isFiltered: names.some((name) => filter[name]),
    /** What is typed replaces the address, so that going back does not go letter by letter. */
    type: (name: K, value: string) => change(narrowed(name, value), true),
    choose: (name: K, value: string) => change(narrowed(name, value), false),
    clear: () => change((before) => names.reduce((rest, name) => narrowed(name, '')(rest), before), false),
  };
}
