/** Reads server-sent events from the body of an answer: an EventSource could not send the token in a header. */

export interface SentEvent {
  readonly name: string;
  readonly data: string;
}

/** The events in the order in which they come, until the body ends. */
export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<SentEvent, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + decoder.decode(value, { stream: true })).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = parse(block);
        if (event !== undefined) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Undefined if the block is only a comment. */
function parse(block: string): SentEvent | undefined {
  const lines = block.split('\n');
  const of = (field: string): string[] =>
    lines.filter((line) => line.startsWith(`${field}:`)).map((line) => line.slice(field.length + 1).trim());
  const data = of('data');
  return data.length === 0 ? undefined : { name: of('event')[0] ?? 'message', data: data.join('\n') };
}
