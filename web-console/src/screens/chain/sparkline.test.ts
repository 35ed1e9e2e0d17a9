import { expect, test } from 'vitest';
import { pointsOf } from './Sparkline';

test('the least is at the bottom, the greatest at the top, and time goes to the right', () => {
  expect(pointsOf([0, 5, 10])).toBe('0,22 50,12 100,2');
});

test('what stays the same is a line through the middle, a single number too', () => {
  expect(pointsOf([7, 7])).toBe('0,12 100,12');
  expect(pointsOf([7])).toBe('0,12 100,12');
});
