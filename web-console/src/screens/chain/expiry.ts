/** Days under which an expiry is something to look at: the node's certificate should have been renewed by then. */
export const SOON = 30;
