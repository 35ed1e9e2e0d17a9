/** The steps of the wizard, as the address names them. */
export const STEPS = ['purpose', 'members', 'network', 'review'] as const;
export type StepName = (typeof STEPS)[number];
