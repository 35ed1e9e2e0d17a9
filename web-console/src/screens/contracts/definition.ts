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
  /** Private data collections, as JSON. */
  collections: string;
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
  collections: '',
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
    collections: spec.collections?.length ? JSON.stringify(spec.collections, null, 2) : '',
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

/** An image whose name holds the digest of its content. */
export const isImageByDigest = (image: string) => /^[^\s@]+@sha256:[0-9a-f]{64}$/.test(image);

/** Private data collections of a text of JSON; `undefined` when it is none of a list of objects. */
export function collectionsOf(text: string): Schemas['Collection'][] | undefined {
  if (text.trim() === '') return [];
  try {
    const value: unknown = JSON.parse(text);
    const isList = Array.isArray(value) && value.every((each) => typeof each === 'object' && each !== null);
    return isList ? (value as Schemas['Collection'][]) : undefined;
  } catch {
    return undefined;
  }
}

/** What the API takes; the other sources and what is empty are absent. */
export function definitionOf(draft: Draft): Schemas['ContractDefinition'] {
  const settings = settingsOf(draft.settings);
  const collections = collectionsOf(draft.collections) ?? [];
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
    ...(collections.length > 0 && { collections }),
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
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
};

/** A definition line by line: each setting and each collection is one, whatever serves the contract is whole. */
function lines({ settings, collections, external, ...rest }: Definition): Map<string, string | undefined> {
  const named = (part: string, entries: [string, unknown][]) =>
    entries.map(([name, value]): [string, unknown] => [`${part}.${name}`, value]);
  const all: [string, unknown][] = [
    ...Object.entries(rest),
    ...named('external', Object.entries(external ?? {})),
    ...named(
      'collections',
      (collections ?? []).map((collection) => [collection.name, collection]),
    ),
    ...named('settings', Object.entries(settings ?? {})),
  ];
  return new Map(all.map(([field, value]) => [field, shown(value)]));
}

/** Where two definitions differ. */
export function changesBetween(old: Definition, next: Definition): Change[] {
  const [before, after] = [lines(old), lines(next)];
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((field) => ({ field, from: before.get(field), to: after.get(field) }))
    .filter(({ from, to }) => from !== to);
}
