/** A lab with real servers and a page of one line, heard and told through its API, as its page does. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Condition } from '@petiole/test-kit/condition';
import { eventsOf } from '../../src/page/lab/event-stream.js';
import {
  type Action,
  type LabEvent,
  type Mark,
  type Message,
  type Refusal,
  type ServerState,
  type State,
  type Tick,
  TOKEN_HEADER,
  type Whole,
} from '../../src/protocol.js';
import { LabHttp } from '../../src/server/http/lab-http.js';
import { Lab } from '../../src/server/lab.js';

const PATIENCE_MS = 15_000;
const FIRST_TICKS = 30;

export interface OpenLab {
  readonly url: string;
  readonly token: string;
  readonly whole: Whole;
  readonly events: readonly LabEvent[];
  readonly marks: readonly Mark[];
  readonly ticks: readonly Tick[];
  state(): State;
  server(id: number): ServerState;
  /** Does it; rejects with the refusal. */
  act(action: Action | object): Promise<void>;
  /** Resolves when all is as it was, and no RPC of before is in flight. */
  reset(): Promise<void>;
  post(path: string, json: unknown): Promise<Response>;
  until(what: string, holds: () => boolean): Promise<void>;
  /** Forgets the ticks so far, and resolves when so many RPCs have ended since. */
  rpcs(count: number): Promise<void>;
  /** Of the attempts that were sent in the ticks that are there, which share that server had. */
  share(id: number): number;
  failed(): number;
  close(): Promise<void>;
}

export async function openLab(rate = 200): Promise<OpenLab> {
  const folder = mkdtempSync(join(tmpdir(), 'lab-'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><html><head></head><body>The lab</body></html>');
  const lab = new Lab({ rate, concurrency: 50, kind: 'unary' });
  const http = new LabHttp(lab, folder);
  await http.open(0);
  await lab.begin();
  const { url } = http;
  const token = /lab-token" content="(\w+)"/.exec(await (await fetch(url)).text())?.[1] ?? '';
  const headers = { [TOKEN_HEADER]: token, 'content-type': 'application/json' };

  const news = new Condition();
  let whole: Whole | undefined;
  let state: State | undefined;
  let ticks: Tick[] = [];
  const events: LabEvent[] = [];
  const marks: Mark[] = [];
  const hear = (message: Message): void => {
    if (message.kind === 'whole') {
      whole = message.whole;
      state = whole.state;
      events.push(...whole.events);
    } else if (message.kind === 'state') state = message.state;
    else if (message.kind === 'tick') ticks.push(message.tick);
    else if (message.kind === 'event') events.push(message.event);
    else marks.push(message.mark);
    news.changed();
  };
  const answer = await fetch(`${url}api/events`, { headers });
  const heard = (async () => {
    for await (const { data } of eventsOf(answer.body as ReadableStream<Uint8Array>)) hear(JSON.parse(data));
  })().catch(() => undefined);

  const rows = () => ticks.flatMap(({ servers }) => servers);
  const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
  const post = (path: string, json: unknown): Promise<Response> =>
    fetch(`${url}api/${path}`, { method: 'POST', headers, body: JSON.stringify(json) });
  const until = (what: string, holds: () => boolean): Promise<void> =>
    news.until(holds, PATIENCE_MS, () => `${what}: ${JSON.stringify(state?.servers)}`);

  const act: OpenLab['act'] = async (action) => {
    const answer = await post('actions', action);
    if (!answer.ok) throw new Error(((await answer.json()) as Refusal).error);
  };
  const isReady = (): boolean => {
    const { servers = [], client } = state ?? {};
    const isFirst = servers.map(({ id }) => id).join() === '1,2,3' && client?.policy === 'custom_round_robin';
    return (
      isFirst && servers.every(({ phase, endpoint }) => phase === 'serving' && endpoint?.health === 'SERVING')
    );
  };

  await until('it begins', () => ticks.length > 0 && ticks.length < FIRST_TICKS);
  await until('all are READY', isReady);
  return {
    url,
    token,
    whole: whole as unknown as Whole,
    events,
    marks,
    get ticks() {
      return ticks;
    },
    state: () => state as State,
    server: (id) => state?.servers.find((server) => server.id === id) as ServerState,
    act,
    async reset() {
      await act({ do: 'set-load', rate: 0 });
      await until('the last RPC', () => ticks.at(-1)?.inFlight === 0);
      await act({ do: 'reset' });
      await until('it is reset', isReady);
      ticks = [];
      events.length = 0;
      marks.length = 0;
    },
    post,
    until,
    rpcs(count) {
      ticks = [];
      return until(`${count} RPCs`, () => sum(ticks.map(({ ok, failed }) => ok + failed)) >= count);
    },
    share: (id) =>
      sum(
        rows()
          .filter((row) => row.id === id)
          .map(({ sent }) => sent),
      ) / Math.max(1, sum(rows().map(({ sent }) => sent))),
    failed: () => sum(ticks.map(({ failed }) => failed)),
    async close() {
      await http.close();
      await lab.end();
      await heard;
      rmSync(folder, { recursive: true });
    },
  };
}
