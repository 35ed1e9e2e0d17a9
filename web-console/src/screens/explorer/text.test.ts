import { expect, test } from 'vitest';
import { keyParts, readable, visible } from './text';

test('a composite key is told in its parts, and any other is one part', () => {
  expect(keyParts('\0owner\0bank\0invoice-1\0')).toEqual(['owner', 'bank', 'invoice-1']);
  expect(keyParts('invoice-1')).toEqual(['invoice-1']);
  expect(keyParts('\0')).toEqual(['\0']);
});

test('JSON is laid out, and what has no picture gets one', () => {
  expect(readable({ text: '{"a":[1]}' })).toBe('{\n  "a": [\n    1\n  ]\n}');
  expect(readable({ text: '12345678901234567890' })).toBe('12345678901234567890');
  expect(readable({ text: '\0' })).toBe('␀');
  expect(readable({ base64: '3q2+7w==' })).toBe('3q2+7w==');
  expect(visible('a\tb\nc\u0001')).toBe('a\tb\nc␁');
});
