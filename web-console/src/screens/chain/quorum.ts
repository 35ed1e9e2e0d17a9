/** How many of a Raft group's members may still fail; negative when it has lost its quorum. */
export const margin = (ready: number, all: number) => ready - (Math.floor(all / 2) + 1);
