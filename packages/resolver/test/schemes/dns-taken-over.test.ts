/** `dns:` taken over: targets mean what they mean to grpc-js's own resolver, and channels get a service config. */
import { experimental, Server, ServerCredentials } from '@grpc/grpc-js';
import { getDefaultAuthority, mapUriDefaultScheme } from '@grpc/grpc-js/build/src/resolver.js';
import { type GrpcUri, parseUri } from '@grpc/grpc-js/build/src/uri-parser.js';
import { openClient, ROUND_ROBIN } from '@petiole/test-kit/clients';
import { ask, askUntilAll, startRpc } from '@petiole/test-kit/rpc';
import { startBackend } from '@petiole/test-kit/servers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { registerRefreshingDnsResolver } from '../../src/index.js';
import { openDnsSession } from '../../src/lookup/dns-session.js';
import { createDnsRefreshResolverClass, type DnsRefreshOptions } from '../../src/schemes/dns-refresh.js';
import { DnsServer } from '../support/dns-server.js';
import { Probe } from '../support/probe.js';

const WITHOUT_TXT = { 'grpc.service_config_disable_resolution': 1 };

function mapped(target: string): GrpcUri {
  const uri = parseUri(target) ?? expect.unreachable();
  return mapUriDefaultScheme(uri) ?? expect.unreachable();
}

interface Meaning {
  readonly authority: string;
  /** In the order of the resolver; or the status code. */
  readonly found: readonly string[] | number;
}

/** What the resolver that is registered as `dns` now makes of a target. */
function meaningOf(target: string): Promise<Meaning> {
  const uri = mapped(target);
  const authority = getDefaultAuthority(uri);
  return new Promise((resolve) => {
    const listener: experimental.ResolverListener = (result) => {
      const found = result.ok
        ? result.value.flatMap(({ addresses }) => addresses.map(experimental.subchannelAddressToString))
        : result.error.code;
      resolve({ authority, found });
      return true;
    };
    const resolver = experimental.createResolver(uri, listener, WITHOUT_TXT);
    onTestFinished(() => resolver.destroy());
    resolver.updateResolution();
  });
}

const TARGETS = [
  'dns:127.0.0.1:50051',
  'dns:127.0.0.1',
  'dns:///127.0.0.1:50051',
  'dns://127.0.0.1/10.0.0.1:50051',
  'dns://127.0.0.1:5353/10.0.0.1',
  'dns://[::1]:5353/[fd00::1]:50051',
  'dns://::1/10.0.0.1',
  'dns:[::1]:50051',
  'dns:[::1]',
  '127.0.0.1:50051',
  '127.0.0.1',
  '[::1]:50051',
  'localhost:50051',
  'localhost',
  'localhost.:443',
  'dns:localhost:50051',
  'dns:///localhost:50051',
  'dns://127.0.0.1:1/localhost:50051',
  'LOCALHOST:1',
  'localhost:0',
  '127.0.0.1:0',
  '[::]:0',
  '127.1:50051',
  'nobody.invalid:50051',
  'dns:localhost:port',
  'dns:[::1',
  'dns:[localhost]:1',
  'dns://localhost:50051',
  'http://localhost:50051',
  'unknown:///localhost',
];

// Asked before dns: is taken over, which no call takes back.
const own = new Map<string, Promise<Meaning>>();
const bareIPv6 = ['::1', 'dns:::1', 'dns:///::1'];

describe('a target of dns:, or without a scheme', () => {
  it('means the same as before', async () => {
    for (const target of [...TARGETS, ...bareIPv6]) own.set(target, meaningOf(target));
    await Promise.all(own.values());
    registerRefreshingDnsResolver({ scheme: 'dns' });
    for (const target of TARGETS) {
      expect({ target, ...(await meaningOf(target)) }).toEqual({ target, ...(await own.get(target)) });
    }
  });

  it('may be an IPv6 address without brackets, for which grpc-js has an authority that no URL can hold', async () => {
    for (const target of bareIPv6) {
      const before = await own.get(target);
      expect(before).toMatchObject({ authority: '::1', found: ['[::1]:443'] });
      expect(await meaningOf(target)).toEqual({ authority: '[::1]', found: before?.found });
    }
  });

  it('may have options behind a "?", which are no part of the authority', async () => {
    expect(await meaningOf('localhost:50051?families=ipv4')).toEqual({
      authority: 'localhost:50051',
      found: ['127.0.0.1:50051'],
    });
    const { error } = await new Probe(
      createDnsRefreshResolverClass({ scheme: 'dns' }),
      'dns:echo.test?familes=ipv4',
    ).ask();
    expect(error?.details).toBe(
      'bad dns: target: "?familes=ipv4" has the option "familes", which is none: did you mean "families"?',
    );
  });

  it('is sent with the authority that it had', async () => {
    const { port } = await startBackend({
      unary: (call, answer) => answer(null, Buffer.from(call.getHost())),
    });
    expect(await ask(openClient(`localhost:${port}`))).toBe(`localhost:${port}`);
  });
});

describe('a server of the same process', () => {
  it('binds what it bound before: names, and ports that are free', async () => {
    await takeOver({}, ['127.0.0.1']);
    for (const address of ['localhost:0', '127.0.0.1:0', '[::1]:0']) {
      const server = new Server();
      onTestFinished(() => server.forceShutdown());
      const insecure = ServerCredentials.createInsecure();
      const bound = new Promise<number>((resolve, reject) => {
        server.bindAsync(address, insecure, (error, port) => (error ? reject(error) : resolve(port)));
      });
      expect(await bound).toBeGreaterThan(0);
    }
  });
});

/** Registers a `dns:` whose names are looked up in the zone of a test. */
async function takeOver(options: DnsRefreshOptions, addresses: readonly string[]): Promise<DnsServer> {
  const dns = await DnsServer.start();
  const resolverClass = createDnsRefreshResolverClass(
    { scheme: 'dns', ...options },
    {
      ask: () => Promise.resolve(addresses),
      open: (server, deadline, signal) => openDnsSession(server ?? dns.address, deadline, signal),
    },
  );
  experimental.registerResolver('dns', resolverClass);
  return dns;
}

const SPREAD = { loadBalancingConfig: [{ round_robin: {} }] };
const STAY = { loadBalancingConfig: [{ pick_first: {} }] };

describe('the service config of the registration', () => {
  async function twoServers(): Promise<number> {
    const { port } = await startBackend({ name: 'one', host: '127.0.0.1' });
    await startBackend({ name: 'two', host: '127.0.0.2', port });
    return port;
  }

  /** Who answers forty RPCs. */
  async function answers(target: string, options = {}): Promise<readonly string[]> {
    const client = openClient(target, options);
    const answered = new Set<string>();
    for (let rpc = 0; rpc < 40; rpc += 1) answered.add(await ask(client));
    return [...answered].sort();
  }

  it('counts for a client that says nothing, and without one there is none', async () => {
    const port = await twoServers();
    await takeOver({ serviceConfig: SPREAD }, ['127.0.0.1', '127.0.0.2']);
    await askUntilAll(openClient(`echo.test:${port}`), ['one', 'two']);
    await takeOver({}, ['127.0.0.1', '127.0.0.2']);
    expect(await answers(`echo.test:${port}`)).toEqual(['one']);
  });

  it('gives way to that of the channel', async () => {
    const port = await twoServers();
    await takeOver({ serviceConfig: STAY }, ['127.0.0.1', '127.0.0.2']);
    await askUntilAll(openClient(`echo.test:${port}`, ROUND_ROBIN), ['one', 'two']);
  });

  it('gives way to that of DNS, and comes back when that is gone', async () => {
    const port = await twoServers();
    const dns = await takeOver({ serviceConfig: STAY, refreshInterval: 100 }, ['127.0.0.1', '127.0.0.2']);
    const choices = [{ serviceConfig: SPREAD }];
    dns.setTxt('echo.test', `grpc_config=${JSON.stringify(choices)}`);
    const client = openClient(`echo.test:${port}`);
    await askUntilAll(client, ['one', 'two']);
    dns.set('TXT', 'echo.test', 'NXDOMAIN');
    for (let same = 0, last = ''; same < 10; ) {
      const now = await ask(client);
      same = now === last ? same + 1 : 0;
      last = now;
    }
    expect(dns.questions.filter((question) => question.includes('_grpc_config'))).toEqual([]);
  });

  it('counts for an IP address, and says how often to try', async () => {
    const retryPolicy = {
      maxAttempts: 3,
      initialBackoff: '0.01s',
      maxBackoff: '0.01s',
      backoffMultiplier: 1,
      retryableStatusCodes: ['UNAVAILABLE'],
    };
    let attempts = 0;
    const { port } = await startBackend({
      unary: (_call, answer) => {
        attempts += 1;
        answer({ code: 14, details: 'no' });
      },
    });
    await takeOver({ serviceConfig: { methodConfig: [{ name: [{}], retryPolicy }] } }, []);
    const { error } = await startRpc(openClient(`127.0.0.1:${port}`)).ended;
    expect(error?.details).toBe('no');
    expect(attempts).toBe(3);
  });

  it('counts where the first look-up fails, so that the policy is there before the addresses', async () => {
    const resolverClass = createDnsRefreshResolverClass(
      { scheme: 'dns', serviceConfig: SPREAD },
      { ask: () => Promise.reject(new Error('down')), open: openDnsSession },
    );
    const { error, serviceConfig } = await new Probe(resolverClass, 'dns:echo.test', WITHOUT_TXT).ask();
    expect(error?.code).toBe(14);
    expect(serviceConfig?.loadBalancingConfig).toEqual([{ round_robin: {} }]);
  });

  it('reaches no channel that has one, whatever dns+refresh: is registered with', async () => {
    const resolverClass = createDnsRefreshResolverClass({ serviceConfig: SPREAD });
    const probe = new Probe(resolverClass, 'dns+refresh:127.0.0.1', { 'grpc.service_config': '{}' });
    expect((await probe.ask()).serviceConfig).toBeNull();
    const plain = await new Probe(resolverClass, 'dns+refresh:127.0.0.1').ask();
    expect(plain.serviceConfig?.loadBalancingConfig).toEqual([{ round_robin: {} }]);
  });

  it.each([
    [{ loadBalancingConfig: [{ nobodys: {} }] }, 'nobodys is not registered with grpc-js'],
    [{ loadBalancing: [] }, 'loadBalancing'],
    ['{', 'service config'],
    [5 as never, 'service config'],
  ])('is refused at once when it is bad: %j', (serviceConfig, message) => {
    expect(() => registerRefreshingDnsResolver({ scheme: 'dns', serviceConfig })).toThrow(message);
  });
});

describe('the addresses of the system', () => {
  it('stay in its order for dns:, and are sorted by family for dns+refresh:', async () => {
    const lookups = {
      open: openDnsSession,
      ask: () => Promise.resolve(['10.0.0.1', 'fd00::1', '10.0.0.2']),
    };
    const theirs = createDnsRefreshResolverClass({ scheme: 'dns' }, lookups);
    const ours = createDnsRefreshResolverClass({}, lookups);
    expect((await new Probe(theirs, 'dns:a:1', WITHOUT_TXT).ask()).endpoints).toEqual([
      '10.0.0.1:1',
      '[fd00::1]:1',
      '10.0.0.2:1',
    ]);
    expect((await new Probe(ours, 'dns+refresh:a:1', WITHOUT_TXT).ask()).endpoints).toEqual([
      '[fd00::1]:1',
      '10.0.0.1:1',
      '10.0.0.2:1',
    ]);
  });
});

it('a scheme that is none of the two is refused', () => {
  expect(() => registerRefreshingDnsResolver({ scheme: 'dns:' as never })).toThrow(
    "scheme must be 'dns+refresh' or 'dns', got \"dns:\"",
  );
  expect(() => registerRefreshingDnsResolver({ scheme: 'toString' as never })).toThrow('got "toString"');
});
