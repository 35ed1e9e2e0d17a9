import { expect, test } from 'vitest';
import { ApiError } from '@/api/problem';
import { concerns } from './validate';

const objection = (status: number, code: string, ...pointers: string[]) =>
  ApiError.of(new Response(null, { status }), {
    code,
    ...(pointers.length > 0 && {
      errors: pointers.map((pointer) => ({ pointer, code: 'invalid', detail: 'is wrong' })),
    }),
  });

test('what is not filled in yet does not hold up the step before it', () => {
  const missing = objection(422, 'validation_failed', '/spec/members');

  expect(concerns(missing, 'purpose')).toBe(false);
  expect(concerns(missing, 'members')).toBe(true);
  expect(concerns(missing, 'network')).toBe(true);
});

test('a quota that is used up holds up every step', () => {
  expect(concerns(objection(403, 'quota_exceeded'), 'purpose')).toBe(true);
});
