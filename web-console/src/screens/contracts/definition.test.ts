import { expect, test } from 'vitest';
import {
  changesBetween,
  collectionsOf,
  definitionOf,
  FIRST_DRAFT,
  isImageByDigest,
  replacing,
  settingsOf,
  withSetting,
} from './definition';

test('only the chosen source is sent, and nothing that is empty', () => {
  const draft = { ...FIRST_DRAFT, source: 'external' as const, address: ' kpi.example:9999 ', version: '2' };

  expect(definitionOf(draft)).toEqual({
    version: '2',
    initRequired: false,
    external: { address: 'kpi.example:9999' },
  });
});

test('settings are lines of a name and a value, which may hold an equals sign', () => {
  expect(settingsOf('CURRENCY=CNY\n\n QUERY =a=b\nBARE')).toEqual({
    CURRENCY: 'CNY',
    QUERY: 'a=b',
    BARE: '',
  });
});

test('a setting is changed in place, and one without a value is left to its default', () => {
  expect(withSetting('A=1\nB=2', 'B', '3')).toBe('A=1\nB=3');
  expect(withSetting('A=1\nB=2', 'A', '')).toBe('B=2');
});

test('a patch takes away what the new definition lacks', () => {
  const old = {
    template: 'evidence',
    version: '1',
    endorsementPolicy: "OR('A.member')",
    settings: { A: '1', B: '2' },
  };
  const next = { image: 'x@sha256:0', version: '2', settings: { A: '1' } };

  expect(replacing(old, next)).toEqual({
    image: 'x@sha256:0',
    version: '2',
    settings: { A: '1', B: null },
    template: null,
    endorsementPolicy: null,
  });
  expect(changesBetween(old, next)).toEqual([
    { field: 'template', from: 'evidence', to: undefined },
    { field: 'version', from: '1', to: '2' },
    { field: 'endorsementPolicy', from: "OR('A.member')", to: undefined },
    { field: 'settings.B', from: '2', to: undefined },
    { field: 'image', from: undefined, to: 'x@sha256:0' },
  ]);
});

test('collections differ one by one', () => {
  const policy = "OR('A.member')";
  const old = {
    version: '1',
    collections: [
      { name: 'prices', policy },
      { name: 'notes', policy },
    ],
  };
  const next = {
    version: '1',
    collections: [
      { name: 'prices', policy, blockToLive: 9 },
      { name: 'notes', policy },
    ],
  };

  expect(changesBetween(old, next).map(({ field }) => field)).toEqual(['collections.prices']);
});

test('collections are a list of objects in JSON, or none', () => {
  expect(collectionsOf(' ')).toEqual([]);
  expect(collectionsOf('[{"name":"prices","policy":"x"}]')).toEqual([{ name: 'prices', policy: 'x' }]);
  expect(collectionsOf('{"name":"prices"}')).toBe(undefined);
  expect(collectionsOf('[1')).toBe(undefined);
});

test('an image is named by its digest', () => {
  const digest = `sha256:${'0'.repeat(64)}`;

  expect(isImageByDigest(`registry.example:5000/contracts/kpi@${digest}`)).toBe(true);
  expect(isImageByDigest(`registry.example/kpi:1.0@${digest}`)).toBe(true);
  expect(isImageByDigest('registry.example/kpi:1.0')).toBe(false);
  expect(isImageByDigest(`registry.example/kpi@${digest.slice(0, -1)}`)).toBe(false);
});
