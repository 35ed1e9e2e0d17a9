/**
 * The one-time password, from the sign-in to the page that replaces it: whoever has just typed it need not do so again. It is in
 * this page's memory alone, for that one step.
 */
let kept: string | undefined;

export const keepOneTime = (password: string) => {
  kept = password;
};

export const oneTime = () => kept;

export const forgetOneTime = () => {
  kept = undefined;
};
