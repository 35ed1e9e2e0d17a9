import { expect, test } from 'vitest';
import { blocksOf } from './markdown';

const text = (value: string) => ({ kind: 'text', text: value });

test('a page of documentation falls into its parts', () => {
  const page =
    '# Evidence\n\nIt is certified\nonce.\n\n- Who is **second**\n  is told.\n- `Get` it\n\n```sh\na  b\n```\n';

  expect(blocksOf(page)).toEqual([
    { kind: 'heading', level: 1, content: [text('Evidence')] },
    { kind: 'paragraph', content: [text('It is certified once.')] },
    {
      kind: 'list',
      items: [
        [text('Who is '), { kind: 'bold', text: 'second' }, text(' is told.')],
        [{ kind: 'code', text: 'Get' }, text(' it')],
      ],
    },
    { kind: 'code', text: 'a  b' },
  ]);
});

test('what is not closed ends with the page', () => {
  expect(blocksOf('```\nx')).toEqual([{ kind: 'code', text: 'x' }]);
  expect(blocksOf('a * b')).toEqual([{ kind: 'paragraph', content: [text('a '), text('*'), text(' b')] }]);
});
