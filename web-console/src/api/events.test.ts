import { expect, test } from 'vitest';
import { eventsOf, type ServerEvent } from './events';

async function read(...chunks: string[]): Promise<ServerEvent[]> {
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });
  const events: ServerEvent[] = [];
  for await (const event of eventsOf(stream)) events.push(event);
  return events;
}

test('an event is whole wherever the network cuts it', async () => {
  const events = await read(
    'id: 7\nevent: oper',
    'ation\ndata: {"a":',
    '1}\n',
    '\nid: 8\nevent: operation\ndata: 2\n\n',
  );

  expect(events).toEqual([
    { id: '7', event: 'operation', data: '{"a":1}' },
    { id: '8', event: 'operation', data: '2' },
  ]);
});

test('comments keep the connection open and say nothing', async () => {
  expect(await read(':\n\n', ': still here\n\ndata: x\r\n\r\n')).toEqual([
    { id: '', event: 'message', data: 'x' },
  ]);
});

test('what the connection cuts off is no event', async () => {
  expect(await read('data: half')).toEqual([]);
});
