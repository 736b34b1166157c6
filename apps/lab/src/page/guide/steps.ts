/** Things to try: what each does, what to watch, and what one sees. */
import type { Action, State } from '../../protocol.js';
import { type JsonObject, parseObject } from '../config/json.js';
import { RETRIES, withAttempts } from '../config/service-config.js';
import type { Lab, Part } from '../lab/lab.js';
import { all } from '../link/apply-setup.js';
import { serves, serviceConfig, set } from './scene.js';

export interface Step {
  readonly title: string;
  readonly about: string;
  readonly acts: readonly Act[];
  readonly watch: readonly Part[];
  readonly see: string;
}

export interface Act {
  readonly label: string;
  /** False if something was refused. */
  readonly run: (lab: Lab) => Promise<boolean>;
  /** For one of several to choose from: whether the lab is so now. */
  readonly isOn?: (state: State) => boolean;
}

const TURNS = { custom_round_robin: { repeatCount: 3 } };
const LEAST_REQUEST = { least_request: {} };
const BUSY = { rate: 100, concurrency: 100 } as const;

/** All three are slow enough to have some RPCs in flight. */
const TWENTY_MS = { 1: { delayMs: 20 }, 2: { delayMs: 20 }, 3: { delayMs: 20 } };

const SLOW_MS = 300;

export const STEPS: readonly Step[] = [
  {
    title: 'Three in a row',
    about: 'custom_round_robin sends three RPCs to one endpoint before the next has its turn.',
    acts: [{ label: 'Do it', run: (lab) => set(lab, { policy: TURNS, load: { rate: 10 } }) }],
    watch: ['strip', 'share'],
    see: 'Cells of one colour by threes, and each endpoint has a third of all RPCs.',
  },
  {
    title: 'Stop a server',
    about: 'The second server drains and closes its connections.',
    acts: [
      { label: 'Do it', run: async (lab) => (await set(lab, { policy: TURNS })) && act(lab, 'stop', 2) },
      { label: 'Start it again', run: (lab) => act(lab, 'start', 2) },
    ],
    watch: ['picture', 'strip', 'share', 'log'],
    see: 'It leaves the rotation with its connection, and no RPC fails: the next pick goes elsewhere.',
  },
  {
    title: 'Stop all servers',
    about: 'Nobody is left to answer.',
    acts: [
      {
        label: 'Do it',
        run: async (lab) =>
          (await set(lab, { policy: TURNS })) &&
          all(
            lab,
            lab.servers.map(({ id }) => ({ do: 'stop', server: id })),
          ),
      },
      { label: 'Start the first', run: (lab) => act(lab, 'start', 1) },
    ],
    watch: ['strip', 'share', 'log'],
    see: 'Red, in a row of its own: RPCs fail with UNAVAILABLE, and the message has the error of each endpoint. Start one, and RPCs go there.',
  },
  {
    title: 'A server is missing from the start',
    about:
      'custom_round_robin holds the first RPCs back until all endpoints are connected. Two of three are not enough.',
    acts: [
      { label: 'Do it', run: beginWithTwo },
      {
        label: 'Set readyTimeout to 1 s',
        run: (lab) => configure(lab, { custom_round_robin: { repeatCount: 3, readyTimeout: '1s' } }),
      },
    ],
    watch: ['picture', 'strip', 'log'],
    see: 'Two endpoints are READY and no dot moves: RPCs wait until their time is up. With readyTimeout the policy begins without the third.',
  },
  {
    title: 'A server says that it is not well',
    about: 'The second server goes on answering, but its health is NOT_SERVING.',
    acts: [
      {
        label: 'Do it',
        run: (lab) => set(lab, { policy: TURNS, servers: { 2: { healthy: false } } }),
      },
      { label: 'Make it well', run: (lab) => lab.act({ do: 'set-server', server: 2, healthy: true }) },
    ],
    watch: ['picture', 'strip', 'log'],
    see: 'It gets no RPCs, its connection stays, and the log says why.',
  },
  {
    title: 'One server, two addresses',
    about: 'The first server listens on IPv4 only. Now it listens on IPv6, too.',
    acts: [
      {
        label: 'Do it',
        run: (lab) => set(lab, { policy: TURNS, servers: { 1: { dualStack: true } } }),
      },
      { label: 'IPv4 only again', run: (lab) => lab.act({ do: 'set-server', server: 1, dualStack: false }) },
    ],
    watch: ['picture', 'log'],
    see: 'It stays one endpoint with one connection. The mark ▸ moves to the IPv6 address, which is tried first.',
  },
  {
    title: 'The less busy of two',
    about:
      'least_request chooses two endpoints at random, and the one with fewer RPCs in flight gets the RPC.',
    acts: [
      {
        label: 'Do it',
        run: (lab) =>
          set(lab, { policy: LEAST_REQUEST, load: { rate: 200, concurrency: 8 }, servers: TWENTY_MS }),
      },
    ],
    watch: ['strip', 'share'],
    see: 'No pattern in the strip, and equal shares all the same.',
  },
  {
    title: 'A typing error',
    about: 'grpc-js uses pick_first where it knows none of the policies, without a word.',
    acts: [
      {
        label: 'Write it',
        run: async (lab) => {
          lab.replaceDraft({ text: serviceConfig(lab, { least_requests: {} }), by: 'guide' });
          lab.enter('config');
          return true;
        },
      },
      { label: 'See what pick_first does', run: (lab) => set(lab, { policy: { pick_first: {} } }) },
    ],
    watch: ['config', 'picture'],
    see: 'The checker names the policy and what is meant. With pick_first everything goes to one server.',
  },
  {
    title: 'A slow server: which policy copes?',
    about:
      'The second server takes 300 ms for each RPC, the others 20 ms. Try the three policies one after the other.',
    acts: ['round_robin', 'least_request', 'peak_ewma'].map(slowSecond),
    watch: ['share', 'latency', 'picture'],
    see: 'round_robin makes a third of all RPCs slow. least_request gives the slow one less, peak_ewma next to nothing.',
  },
  {
    title: 'A server that fails fast',
    about:
      'The second server answers at once, and half of the time with UNAVAILABLE. It looks idle, so least_request likes it.',
    acts: [
      {
        label: 'Do it',
        run: (lab) =>
          set(lab, {
            policy: LEAST_REQUEST,
            load: BUSY,
            servers: { ...TWENTY_MS, 2: { errorRate: 0.5 } },
          }),
      },
      {
        label: 'Retry',
        run: (lab) =>
          lab.act({
            do: 'set-service-config',
            json: serviceConfig(lab, LEAST_REQUEST, withAttempts({}, RETRIES)),
          }),
      },
    ],
    watch: ['picture', 'strip', 'share', 'log'],
    see: 'It gets half of all RPCs, and half of these fail: ✗ in the strip, a red line in the picture. With retries no RPC fails: attempts there still do, and the next attempt goes to an endpoint that was not tried yet. The client shows how many RPCs were tried again.',
  },
  {
    title: 'A new server starts slowly',
    about: 'With slowStart, least_request lets a new endpoint have its full share only after 20 s.',
    acts: [
      {
        label: 'Do it',
        run: async (lab) =>
          (await set(lab, {
            policy: { least_request: { slowStart: { window: '20s' } } },
            load: BUSY,
            servers: TWENTY_MS,
          })) && lab.act({ do: 'add-server', delayMs: 20 }),
      },
    ],
    watch: ['share', 'picture'],
    see: 'A new colour grows from nearly nothing to a quarter.',
  },
  {
    title: 'Streams fill a connection',
    about:
      'Streams stay open for one to three seconds, and the second server allows three at a time on a connection. Try the three one after the other.',
    acts: [
      streams('round_robin', { round_robin: {} }),
      streams('least_request', LEAST_REQUEST),
      streams('with connectionScaling', LEAST_REQUEST, {
        connectionScaling: { maxConnectionsPerSubchannel: 5 },
      }),
    ],
    watch: ['picture', 'share', 'latency'],
    see: 'With round_robin a third of all streams goes to the second server, where they wait in the client for their turn: after twenty seconds more than five wait, its p99 has grown from three seconds to more than five, and a fifth of all streams fails by its deadline. least_request counts those that wait, too: it sends a fifth there, two or three wait, and hardly any fails. With connectionScaling another connection is made, and none waits.',
  },
  {
    title: 'Freeze a server',
    about: 'The second server keeps its connections and answers nothing, as a process that is stopped does.',
    acts: [
      {
        label: 'Do it',
        run: async (lab) =>
          (await set(lab, { policy: LEAST_REQUEST, load: BUSY, servers: TWENTY_MS })) &&
          act(lab, 'freeze', 2),
      },
      { label: 'Thaw it', run: (lab) => act(lab, 'thaw', 2) },
    ],
    watch: ['picture', 'share', 'log'],
    see: 'No connection breaks, so it stays READY. Its RPCs pile up until their time is over, and least_request soon goes elsewhere.',
  },
];

function act(lab: Lab, what: 'start' | 'stop' | 'freeze' | 'thaw', server: number): Promise<boolean> {
  return lab.act({ do: what, server });
}

function configure(lab: Lab, policy: JsonObject): Promise<boolean> {
  return lab.act({ do: 'set-service-config', json: serviceConfig(lab, policy) });
}

function slowSecond(policy: string): Act {
  const servers = { ...TWENTY_MS, 2: { delayMs: SLOW_MS } };
  return {
    label: policy,
    run: (lab) => set(lab, { policy: { [policy]: {} }, load: BUSY, servers }),
    isOn: ({ client, servers: [, second] }) => client.policy === policy && second?.delayMs === SLOW_MS,
  };
}

/** A little more than the second server can do. */
function streams(label: string, policy: JsonObject, config: JsonObject = {}): Act {
  const load = { rate: 6, concurrency: 100, kind: 'streams' } as const;
  const written = JSON.stringify({ loadBalancingConfig: [policy], ...config });
  return {
    label,
    run: (lab) => set(lab, { policy, config, load, servers: { 2: { streamLimit: 3 } }, checksHealth: false }),
    isOn: ({ client }) =>
      client.load.kind === 'streams' && JSON.stringify(parseObject(client.serviceConfig)) === written,
  };
}

/** A channel keeps its policy until another one is ready, so all servers stop before the policy changes. */
async function beginWithTwo(lab: Lab): Promise<boolean> {
  if (!(await set(lab, { policy: { round_robin: {} } }))) return false;
  const each = (what: 'start' | 'stop', ids: readonly number[]): Promise<boolean> =>
    all(
      lab,
      ids.map((id): Action => ({ do: what, server: id })),
    );
  if (!(await each('stop', [1, 2, 3]))) return false;
  if (!(await lab.until(({ servers }) => servers.every(({ phase }) => phase === 'stopped')))) return false;
  if (!(await configure(lab, TURNS))) return false;
  return (await each('start', [1, 2])) && lab.until(({ servers }) => servers.filter(serves).length === 2);
}
