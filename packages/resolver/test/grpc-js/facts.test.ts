/** Facts about grpc-js that no other test would notice to be other ones (docs/grpc-js-facts.md). */
import {
  Client,
  credentials,
  experimental,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceConfig,
  status,
} from '@grpc/grpc-js';
import { sharedByCopies } from '@petiole/service-config/internal';
import { openClient } from '@petiole/test-kit/clients';
import { ask } from '@petiole/test-kit/rpc';
import { startBackend } from '@petiole/test-kit/servers';
import * as fc from 'fast-check';
import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import {
  backoff,
  hasServiceConfig,
  reconnectDelays,
  targetBehindProxy,
} from '../../src/grpc-js/channel-options.js';
import { resolverBeforeTakeOver } from '../../src/grpc-js/dns-scheme.js';
import type { ResolverClass } from '../../src/grpc-js/registration.js';
import { lineBreakIn, splitTarget } from '../../src/grpc-js/target-uri.js';
import { createResolverClass } from '../../src/schemes/define-resolver.js';
import { collectUntil } from '../support/collect.js';

afterEach(() => {
  vi.useRealTimers();
});

/** Registers a resolver that does nothing, and gives what grpc-js hands to each. */
function passive(scheme: string): Array<ConstructorParameters<ResolverClass>> {
  const made: Array<ConstructorParameters<ResolverClass>> = [];
  class Passive implements experimental.Resolver {
    constructor(...args: ConstructorParameters<ResolverClass>) {
      made.push(args);
    }
    updateResolution(): void {}
    destroy(): void {}
    static getDefaultAuthority(): string {
      return 'passive';
    }
  }
  experimental.registerResolver(scheme, Passive);
  return made;
}

it('R2: the delays of a reconnection are those of the channel options, by default 1 s growing to 2 minutes', () => {
  vi.useFakeTimers();
  const random = vi.spyOn(Math, 'random').mockReturnValue(0.5); // no jitter
  onTestFinished(() => random.mockRestore());
  const fired: string[] = [];
  const [own, theirs] = [
    backoff(() => fired.push('own'), reconnectDelays({})),
    new experimental.BackoffTimeout(() => fired.push('theirs')),
  ];
  for (let delay = 1000; delay < 300_000; delay *= 1.6) {
    own.runOnce();
    theirs.runOnce();
    vi.advanceTimersByTime(Math.min(delay, 120_000) - 2);
    expect(fired).toEqual([]);
    vi.advanceTimersByTime(4);
    expect(fired.splice(0)).toEqual(['own', 'theirs']);
  }
});

it('R5: a target is split as splitTarget does, or is no target of the scheme at all', () => {
  const made = passive('fact-split');
  const part = fc.oneof(fc.string(), fc.constantFrom('/', '//', ':', '@', 'a', 'b:1', ' ', '\u2028', '\n'));
  const rest = fc.array(part).map((parts) => parts.join(''));
  fc.assert(
    fc.property(rest, (text) => {
      const target = `fact-split:${text}`;
      fc.pre(lineBreakIn(target) === undefined);
      made.length = 0;
      new Client(target, credentials.createInsecure(), { 'grpc.enable_http_proxy': 0 }).close();
      const split = splitTarget(target, 'fact-split');
      expect(made.map(([uri]) => ({ ...uri }))).toEqual(
        split === undefined ? [] : [expect.objectContaining(split)],
      );
    }),
    { numRuns: 200 },
  );
});

it('R6: a line break in a target is an exception of the constructor', () => {
  for (const lineBreak of ['\n', '\r', '\u2028', '\u2029']) {
    expect(() => new Client(`static:a${lineBreak}`, credentials.createInsecure())).toThrow(
      'Could not parse target name',
    );
  }
});

it('R9: a service config that comes as an error costs the addresses, also after a good one', async () => {
  const made = passive('fact-config');
  const client = openClient('fact-config:x');
  client.getChannel().getConnectivityState(true);
  const listener = made[0]?.[1] ?? expect.unreachable();
  const endpoints = experimental.statusOrFromValue([{ addresses: [{ host: '127.0.0.1', port: 1 }] }]);
  const good: ServiceConfig = { loadBalancingConfig: [{ round_robin: {} }], methodConfig: [] };
  expect(listener(endpoints, {}, experimental.statusOrFromValue(good), '')).toBe(true);
  const bad = experimental.statusOrFromError<ServiceConfig>({
    code: status.UNAVAILABLE,
    details: 'bad',
    metadata: new Metadata(),
  });
  expect(listener(endpoints, {}, bad, '')).toBe(false);
});

it('R10: the authority is asked for with every connection', async () => {
  const server = await startBackend({ name: 'a' });
  let asked = 0;
  const resolverClass = createResolverClass({
    scheme: 'fact-authority',
    authority: () => {
      asked += 1;
      return 'echo.test';
    },
    resolve: () => ({ endpoints: [`127.0.0.1:${server.port}`] }),
  });
  experimental.registerResolver('fact-authority', resolverClass);
  for (let channel = 0; channel < 2; channel += 1) {
    const client = openClient('fact-authority:x', { 'grpc.use_local_subchannel_pool': 1 });
    const before = asked;
    expect(await ask(client)).toBe('a');
    expect(asked).toBeGreaterThan(before);
  }
});

it('R11: what stands on the object `experimental` is there for all that use the same grpc-js', () => {
  const one = sharedByCopies('petiole.test', () => ({ made: 1 }));
  expect(sharedByCopies('petiole.test', () => ({ made: 2 }))).toBe(one);
  expect(Reflect.get(experimental, Symbol.for('petiole.test'))).toBe(one);
});

it('R24: the service config of a channel counts where its resolver has none, which sees it among the options', () => {
  const made = passive('fact-default-config');
  const config = JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] });
  openClient('fact-default-config:x', { 'grpc.service_config': config });
  openClient('fact-default-config:y');
  expect(made.map(([, , options]) => hasServiceConfig(options))).toEqual([true, false]);
});

it('R27: the resolver that is registered is the class of what createResolver makes', () => {
  const before = resolverBeforeTakeOver();
  passive('dns');
  expect(resolverBeforeTakeOver()).toBe(before);
  expect(before.name).toBe('DnsResolver');
  experimental.registerResolver('dns', before);
});

it('R28: a server takes the first answer of the resolver of its address, and lets go of it without destroy', async () => {
  let made: WeakRef<object> | undefined;
  let destroyed = 0;
  class Once implements experimental.Resolver {
    readonly #listener: experimental.ResolverListener;
    constructor(...[, listener]: ConstructorParameters<ResolverClass>) {
      this.#listener = listener;
      made = new WeakRef(this);
    }
    updateResolution(): void {
      const endpoints = experimental.statusOrFromValue([{ addresses: [{ host: '127.0.0.1', port: 0 }] }]);
      setImmediate(() => this.#listener(endpoints, {}, null, ''));
    }
    destroy(): void {
      destroyed += 1;
    }
    static getDefaultAuthority(): string {
      return 'once';
    }
  }
  experimental.registerResolver('fact-server', Once);
  const server = new Server();
  onTestFinished(() => server.forceShutdown());
  const bound = new Promise<number>((resolve, reject) => {
    const insecure = ServerCredentials.createInsecure();
    server.bindAsync('fact-server:x', insecure, (error, port) => (error ? reject(error) : resolve(port)));
  });
  expect(await bound).toBeGreaterThan(0);
  await collectUntil(() => made?.deref() === undefined);
  expect(destroyed).toBe(0);
});

it('R29: a target whose path is no host and port goes by no proxy', () => {
  const made = passive('fact-proxy');
  vi.stubEnv('grpc_proxy', 'http://127.0.0.1:1');
  onTestFinished(() => void vi.unstubAllEnvs());
  for (const target of ['fact-proxy:echo:1', 'fact-proxy:echo:1?families=ipv4']) {
    new Client(target, credentials.createInsecure()).close();
  }
  expect(made.map(([{ path }]) => path)).toEqual(['echo:1?families=ipv4']);
});

it('R30: behind a proxy the resolver is one of dns:, with the target of the channel among its options', () => {
  const dns = resolverBeforeTakeOver();
  const made = passive('dns');
  passive('fact-behind');
  vi.stubEnv('grpc_proxy', 'http://127.0.0.1:1');
  for (const name of ['no_grpc_proxy', 'no_proxy']) vi.stubEnv(name, '');
  onTestFinished(() => {
    vi.unstubAllEnvs();
    experimental.registerResolver('dns', dns);
  });
  for (const target of ['fact-behind:echo:1', 'echo:1'])
    new Client(target, credentials.createInsecure()).close();
  new Client('echo:1', credentials.createInsecure(), { 'grpc.enable_http_proxy': 0 }).close();
  expect(made.map(([{ path }, , options]) => [path, targetBehindProxy(options)])).toEqual([
    ['127.0.0.1:1', 'fact-behind:echo:1'],
    ['127.0.0.1:1', 'dns:echo:1'],
    ['echo:1', undefined],
  ]);
});
