import { expect, test } from 'vitest';
import { ApiError } from './problem';

test('a refused field is found by its pointer', () => {
  const errors = [
    { pointer: '/spec/members/0', code: 'not_found', detail: 'There is no organization "bank".' },
  ];

  const error = ApiError.of(new Response(null, { status: 422 }), { code: 'invalid', errors });

  expect(error.field('/spec/members/0')).toBe('There is no organization "bank".');
  expect(error.field('/spec')).toBeUndefined();
});

test('an answer without a problem still carries the id of its request', () => {
  const headers = { 'x-request-id': 'r-1', 'retry-after': '7' };

  const error = ApiError.of(new Response('oops', { status: 503, headers }), undefined);

  expect([error.status, error.problem.requestId, error.retryAfter, error.message]).toEqual([
    503,
    'r-1',
    7,
    'HTTP 503',
  ]);
});
