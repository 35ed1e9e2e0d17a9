/** A contract's definition as a form holds it, and as the API takes it. */
import type { Schemas } from '@/api/client';
import type { Source } from './queries';

export type Draft = {
  source: Source;
  template: string;
  address: string;
  rootCertificate: string;
  image: string;
  /** A package's bytes in base64. */
  package: string;
  version: string;
  endorsementPolicy: string;
  initRequired: boolean;
  /** Lines of `NAME=value`. */
  settings: string;
};

export const FIRST_DRAFT: Draft = {
  source: 'template',
  template: 'evidence',
  address: '',
  rootCertificate: '',
  image: '',
  package: '',
  version: '1.0',
  endorsementPolicy: '',
  initRequired: false,
  settings: '',
};

export function draftOf(spec: Schemas['ContractSpec'], source: Source): Draft {
  return {
    source,
    template: spec.template ?? '',
    address: spec.external?.address ?? '',
    rootCertificate: spec.external?.rootCertificate ?? '',
    image: spec.image ?? '',
    package: spec.package ?? '',
    version: spec.version ?? '',
    endorsementPolicy: spec.endorsementPolicy ?? '',
    initRequired: spec.initRequired ?? false,
    settings: Object.entries(spec.settings ?? {})
      .map(([name, value]) => `${name}=${value}`)
      .join('\n'),
  };
}

/** Settings by name, from lines of `NAME=value`. */
export function settingsOf(lines: string): Record<string, string> {
  return Object.fromEntries(
    lines
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => {
        const at = line.indexOf('=');
        return at < 0 ? [line.trim(), ''] : [line.slice(0, at).trim(), line.slice(at + 1)];
      }),
  );
}

/** The same lines with one setting changed; an empty value takes it away, so that the default holds. */
export function withSetting(lines: string, name: string, value: string): string {
  const { [name]: _, ...rest } = settingsOf(lines);
  return Object.entries(value === '' ? rest : { ...rest, [name]: value })
    .map(([key, each]) => `${key}=${each}`)
    .join('\n');
}

/** What the API takes; the other sources and what is empty are absent. */
export function definitionOf(draft: Draft): Schemas['ContractDefinition'] {
  const settings = settingsOf(draft.settings);
  return {
    version: draft.version.trim(),
    initRequired: draft.initRequired,
    ...(draft.source === 'template' && { template: draft.template }),
    ...(draft.source === 'image' && { image: draft.image.trim() }),
    ...(draft.source === 'package' && { package: draft.package }),
    ...(draft.source === 'external' && {
      external: {
        address: draft.address.trim(),
        ...(draft.rootCertificate.trim() && { rootCertificate: draft.rootCertificate.trim() }),
      },
    }),
    ...(draft.endorsementPolicy.trim() && { endorsementPolicy: draft.endorsementPolicy.trim() }),
    ...(Object.keys(settings).length > 0 && { settings }),
  };
}

type Definition = Schemas['ContractDefinition'];
type Patch = NonNullable<Schemas['MergePatch']['spec']>;

/** The merge patch that makes one definition of another: what is gone is null. */
export function replacing(old: Definition, next: Definition): Patch {
  const gone = Object.keys(old).filter((key) => !(key in next));
  const settings = Object.keys(old.settings ?? {}).filter((key) => !(key in (next.settings ?? {})));
  return {
    ...next,
    ...Object.fromEntries(gone.map((key) => [key, null])),
    ...(settings.length > 0 &&
      next.settings && {
        settings: { ...next.settings, ...Object.fromEntries(settings.map((key) => [key, null])) },
      }),
    ...(next.external &&
      !next.external.rootCertificate &&
      old.external?.rootCertificate && { external: { ...next.external, rootCertificate: null } }),
  } as Patch;
}

export type Change = { field: string; from: string | undefined; to: string | undefined };

const shown = (value: unknown) => {
  if (value === undefined) return undefined;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
};

/** The fields in which two definitions differ. */
export function changesBetween(old: Definition, next: Definition): Change[] {
  const fields = [...new Set([...Object.keys(old), ...Object.keys(next)])] as (keyof Definition)[];
  return fields
    .filter((field) => JSON.stringify(old[field]) !== JSON.stringify(next[field]))
    .map((field) => ({ field, from: shown(old[field]), to: shown(next[field]) }));
}
