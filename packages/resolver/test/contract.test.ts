/** What grpc-js expects of a resolver (resolver.ts), for each of ours. */
import { experimental } from '@grpc/grpc-js';
import { openClient, untilState } from '@petiole/test-kit/clients';
import { ask } from '@petiole/test-kit/rpc';
import { startBackend } from '@petiole/test-kit/servers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResolverClass } from '../src/grpc-js/registration.js';
import {
  createManualResolver,
  type ManualResolver,
  registerRefreshingDnsResolver,
  registerSrvResolver,
  registerStaticResolver,
} from '../src/index.js';
import { createResolverClass } from '../src/schemes/define-resolver.js';
import { createDnsRefreshResolverClass } from '../src/schemes/dns-refresh.js';
import { manualResolverClass } from '../src/schemes/manual.js';
import { createSrvResolverClass } from '../src/schemes/srv.js';
import { createStaticResolverClass } from '../src/schemes/static.js';
import { DnsServer } from './support/dns-server.js';
import { Probe } from './support/probe.js';
import { updatesFromNow } from './support/update-log.js';

interface Subject {
  readonly resolverClass: ResolverClass;
  readonly target: string;
}

const ONCE = { refreshInterval: Number.POSITIVE_INFINITY };

/** Each kind of resolver, answering 127.0.0.1 and the port. */
const SUBJECTS: Readonly<Record<string, (port: number) => Promise<Subject> | Subject>> = {
  'static: with an address': (port) => ({
    resolverClass: createStaticResolverClass(),
    target: `static:127.0.0.1:${port}`,
  }),
  'static: with a host name': (port) => ({
    resolverClass: createStaticResolverClass({}, () => Promise.resolve(['127.0.0.1'])),
    target: `static:echo:${port}`,
  }),
  'manual:': (port) => ({
    resolverClass: manualResolverClass,
    target: createManualResolver({ endpoints: [`127.0.0.1:${port}`] }).target,
  }),
  'srv:': async (port) => {
    const dns = await DnsServer.start();
    dns.setHost('pod.test', ['127.0.0.1']);
    dns.setSrv('_grpc._tcp.echo.test', [{ target: 'pod.test', port }]);
    return {
      resolverClass: createSrvResolverClass(ONCE),
      target: `srv://${dns.address}/_grpc._tcp.echo.test`,
    };
  },
  'dns+refresh:': async (port) => {
    const dns = await DnsServer.start();
    dns.setHost('echo.test', ['127.0.0.1']);
    return {
      resolverClass: createDnsRefreshResolverClass(ONCE),
      target: `dns+refresh://${dns.address}/echo.test:${port}`,
    };
  },
  'a resolver that watches': (port) => ({
    resolverClass: createResolverClass({
      scheme: 'watched',
      authority: () => 'watched',
      watch: ({ signal, update }) =>
        new Promise((resolve) => {
          update({ endpoints: [`127.0.0.1:${port}`] });
          signal.addEventListener('abort', () => resolve());
        }),
    }),
    target: 'watched:x',
  }),
  'a bad target': () => ({ resolverClass: createStaticResolverClass(), target: 'static:,' }),
};

const turns = async (count: number): Promise<void> => {
  for (let index = 0; index < count; index += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe.each(Object.entries(SUBJECTS))('%s', (name, make) => {
  it('never calls the listener in the turn in which it is made or asked', async () => {
    const { resolverClass, target } = await make(1);
    const probe = new Probe(resolverClass, target);
    probe.resolver.updateResolution();
    probe.resolver.updateResolution();
    await Promise.resolve();
    await new Promise<void>((resolve) => process.nextTick(resolve));
    expect(probe.calls).toHaveLength(0);
    await probe.next();
    await turns(5);
    expect(probe.calls).toHaveLength(1);
  });

  it('is silent after destroy until it is asked again, and then answers as the same object', async () => {
    const { resolverClass, target } = await make(1);
    const probe = new Probe(resolverClass, target);
    probe.resolver.updateResolution();
    probe.resolver.destroy();
    await turns(50);
    expect(probe.calls).toHaveLength(0);
    const first = await probe.ask();
    probe.resolver.destroy();
    probe.resolver.destroy();
    const second = await probe.ask();
    expect(second.endpoints).toEqual(first.endpoints);
    expect(second.error?.details).toEqual(first.error?.details);
    expect(probe.calls).toHaveLength(2);
  });

  it('leaves the service config to the channel when it has none, and names the target to policies', async () => {
    const { resolverClass, target } = await make(1);
    const call = await new Probe(resolverClass, target).ask();
    expect(call.serviceConfig).toBeNull();
    expect(call.attributes).toEqual({ 'grpc.internal.no_subchannel.petiole.target': target });
  });

  it('shares nothing between channels that one of them could change', async () => {
    const { resolverClass, target } = await make(1);
    const one = new Probe(resolverClass, target);
    const two = new Probe(resolverClass, target);
    const { raw, endpoints } = await one.ask();
    await two.ask();
    try {
      (raw as experimental.Endpoint[] | undefined)?.splice(0);
      raw?.[0]?.addresses.splice(0);
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError); // frozen
    }
    two.resolver.destroy();
    expect((await two.ask()).endpoints).toEqual(endpoints);
  });

  it('has an authority that never throws, whatever the target', async () => {
    const { resolverClass } = await make(1);
    const scheme = name.split(':')[0] ?? '';
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (path) => {
        const authority = resolverClass.getDefaultAuthority({ scheme, path });
        expect(typeof authority).toBe('string');
        expect(authority).not.toBe('');
      }),
    );
  });
});

it('every resolver serves again after the channel was idle', async () => {
  const server = await startBackend({ name: 'a' });
  const names = Object.keys(SUBJECTS).filter((name) => name !== 'a bad target');
  const roundTrip = async (name: string): Promise<string> => {
    const { resolverClass, target } = (await SUBJECTS[name]?.(server.port)) ?? expect.unreachable();
    // The channel makes its resolver at once, so that the next may register another under the same scheme.
    experimental.registerResolver(target.slice(0, target.indexOf(':')), resolverClass);
    const client = openClient(target, { 'grpc.client_idle_timeout_ms': 1000 });
    await ask(client);
    await untilState({ client }, 'IDLE');
    return `${name} ${await ask(client)}`;
  };
  expect(await Promise.all(names.map(roundTrip))).toEqual(names.map((name) => `${name} a`));
});

describe('getDefaultAuthority', () => {
  it('costs about the same for 10,000 endpoints as for one: it is called per connection', () => {
    const resolverClass = createStaticResolverClass();
    const paths = [1, 10_000].map((count) =>
      Array.from({ length: count }, (_, index) => `10.0.${index >> 8}.${index & 255}:1`).join(','),
    );
    // The best of some rounds, beside each other: whatever else the machine does.
    const [one, many] = paths.map((path) => {
      const rounds = Array.from({ length: 20 }, () => {
        const started = performance.now();
        for (let call = 0; call < 200; call += 1)
          resolverClass.getDefaultAuthority({ scheme: 'static', path });
        return performance.now() - started;
      });
      expect(resolverClass.getDefaultAuthority({ scheme: 'static', path })).toBe('10.0.0.0:1');
      return Math.min(...rounds);
    });
    // Reading all endpoints each time would cost a thousand times more.
    expect((many ?? Number.NaN) / (one ?? Number.NaN)).toBeLessThan(50);
  });
});

describe('registration', () => {
  const resolve = (target: string): experimental.Resolver => {
    const [scheme = '', path = ''] = [
      target.slice(0, target.indexOf(':')),
      target.slice(target.indexOf(':') + 1),
    ];
    return experimental.createResolver({ scheme, path }, () => true, {});
  };

  it('is idempotent, and without options takes nothing away from what an application set', () => {
    const register = [registerStaticResolver, registerSrvResolver, registerRefreshingDnsResolver];
    const targets = ['static:1.2.3.4:1', 'srv:_grpc._tcp.a.b', 'dns+refresh:1.2.3.4:1'];
    for (const [index, registerOne] of register.entries()) {
      registerOne({ deadline: 1234 });
      const before = resolve(targets[index] ?? '').constructor;
      registerOne();
      expect(resolve(targets[index] ?? '').constructor).toBe(before);
      registerOne({ deadline: 4321 });
      expect(resolve(targets[index] ?? '').constructor).not.toBe(before);
      expect(() => registerOne({ deadline: Number.NaN })).toThrow(
        'deadline must be from 10 to 600000 ms, got NaN',
      );
      expect(() => registerOne({ deadLine: 5000 } as never)).toThrow(
        /^register\w+: its options must have no field but .*deadline.*, got "deadLine"$/,
      );
      expect(() => registerOne(null as never)).toThrow(
        /its options must be an object with .*deadline.*, got null$/,
      );
    }
  });
});

describe('petiole.resolver.update', () => {
  const follow = async (manual: ManualResolver): Promise<Probe> => {
    const probe = new Probe(manualResolverClass, manual.target);
    await probe.ask();
    return probe;
  };

  it('tells what was added and removed, how many there are and why', async () => {
    const updates = updatesFromNow();
    const manual = createManualResolver({ endpoints: ['[::1]:1+127.0.0.1:1', '10.0.0.1:1'] });
    const probe = await follow(manual);
    manual.update({ endpoints: ['10.0.0.1:1', '10.0.0.2:1'] });
    await probe.next();
    const { target } = manual;
    expect(updates).toEqual([
      { target, added: ['[::1]:1+127.0.0.1:1', '10.0.0.1:1'], removed: [], endpoints: 2, reason: 'replay' },
      { target, added: ['10.0.0.2:1'], removed: ['[::1]:1+127.0.0.1:1'], endpoints: 2, reason: 'update' },
    ]);
  });

  it('tells of an endpoint that is printed like the one in whose place it comes', async () => {
    const updates = updatesFromNow();
    const manual = createManualResolver({ endpoints: ['127.0.0.1:1'] });
    const probe = await follow(manual);
    manual.update({ endpoints: [{ addresses: [{ path: '127.0.0.1:1' }] }] });
    await probe.next();
    expect(updates[1]).toMatchObject({ added: ['127.0.0.1:1'], removed: ['127.0.0.1:1'], endpoints: 1 });
  });

  it('is silent when nothing changed, and tells of errors', async () => {
    const updates = updatesFromNow();
    const manual = createManualResolver({ endpoints: ['10.0.0.1:1'] });
    const probe = await follow(manual);
    manual.update({ endpoints: ['10.0.0.1:1'] });
    await probe.next();
    expect(updates).toHaveLength(1);
    manual.fail({ details: 'the catalogue is down' });
    await probe.next();
    expect(updates[1]).toEqual({
      target: manual.target,
      added: [],
      removed: [],
      endpoints: 1,
      reason: 'update',
      error: 'the catalogue is down',
    });
  });
});
