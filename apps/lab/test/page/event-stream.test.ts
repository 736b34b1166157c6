/** Server-sent events, however the network cuts them. */
import { expect, it } from 'vitest';
import { eventsOf, type SentEvent } from '../../src/page/lab/event-stream.js';

const SENT = ': hello\n\nevent: tick\ndata: {"at":1}\n\nevent: state\ndata: "ä→"\n\ndata: half';

async function heard(size: number): Promise<SentEvent[]> {
  const bytes = new TextEncoder().encode(SENT);
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
      controller.close();
    },
  });
  const events: SentEvent[] = [];
  for await (const event of eventsOf(body)) events.push(event);
  return events;
}

it.each([1, 2, 7, 1_000])(
  'events are whole when %i bytes come at a time; half an event is none',
  async (size) => {
    expect(await heard(size)).toEqual([
      { name: 'tick', data: '{"at":1}' },
      { name: 'state', data: '"ä→"' },
    ]);
  },
);
