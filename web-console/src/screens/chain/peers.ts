/** How many peers an organization has on a chain, and what a change of that does. */

/** The API takes no more of one member. */
export const MOST_PEERS = 9;

/** Names of the peers that a change makes or takes away. */
export function difference(organization: string, before: number, after: number): string[] {
  const [low, high] = before < after ? [before, after] : [after, before];
  return Array.from({ length: high - low }, (_, index) => `peer${low + index}-${organization}`);
}
