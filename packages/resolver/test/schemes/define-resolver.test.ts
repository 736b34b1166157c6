/** Resolvers of a user's own, as they are defined and registered. */
import { connectivityState, experimental } from '@grpc/grpc-js';
import { openClient } from '@petiole/test-kit/clients';
import { ask } from '@petiole/test-kit/rpc';
import { startBackend } from '@petiole/test-kit/servers';
import { describe, expect, it, test, vi } from 'vitest';
import {
  defineResolver,
  type PollingDefinition,
  type ResolverDefinition,
  type ResolverLook,
  registerSrvResolver,
} from '../../src/index.js';
import { createResolverClass } from '../../src/schemes/define-resolver.js';
import { Probe } from '../support/probe.js';

const ENDPOINTS = { endpoints: ['10.0.0.1:1'] };

const definition = (over: Partial<PollingDefinition> = {}): PollingDefinition => ({
  scheme: 'own',
  authority: ({ path }) => path,
  resolve: () => ENDPOINTS,
  ...over,
});

describe('defineResolver', () => {
  it.each([
    ['own://catalogue.example:80/echo', { scheme: 'own', authority: 'catalogue.example:80', path: 'echo' }],
    ['own:echo', { scheme: 'own', authority: '', path: 'echo' }],
    ['own:///echo', { scheme: 'own', authority: '', path: 'echo' }],
  ])('hands %s to resolve and authority as plain parts', async (target, parts) => {
    const looks: ResolverLook[] = [];
    const seen: unknown[] = [];
    const resolverClass = createResolverClass(
      definition({
        authority: (given) => {
          seen.push(given);
          return given.path;
        },
        resolve: (look) => {
          looks.push(look);
          return ENDPOINTS;
        },
      }),
    );
    expect((await new Probe(resolverClass, target).ask()).endpoints).toEqual(ENDPOINTS.endpoints);
    expect(looks.map((look) => look.target)).toEqual([parts]);
    expect(seen).toEqual([parts]);
  });

  it('gives each look the endpoints of the last good answer to the same channel', async () => {
    const previous: unknown[] = [];
    const resolverClass = createResolverClass(
      definition({
        resolve: (look) => {
          previous.push(look.previous);
          return ENDPOINTS;
        },
      }),
    );
    for (let channel = 0; channel < 2; channel += 1) {
      const probe = new Probe(resolverClass, 'own:echo', { 'grpc.dns_min_time_between_resolutions_ms': 100 });
      await probe.ask();
      await probe.ask();
    }
    const known = [{ addresses: [{ host: '10.0.0.1', port: 1 }] }];
    expect(previous).toEqual([undefined, known, undefined, known]);
  });

  it('verifies what authority returns, and never lets grpc-js have what no URL can hold, or an exception', () => {
    const authorityOf = (authority: ResolverDefinition['authority']): string =>
      createResolverClass(definition({ authority })).getDefaultAuthority({
        scheme: 'own',
        path: 'echo.test',
      });
    expect(authorityOf(({ path }) => `${path}:8443`)).toBe('echo.test:8443');
    expect(authorityOf(() => '/etc/backends')).toBe('localhost');
    expect(
      authorityOf(() => {
        throw new Error('no name');
      }),
    ).toBe('localhost');
  });

  it.each(['/tmp/backends.json', '', undefined])(
    'fails RPCs when authority returns %j: TLS could verify nothing',
    async (authority) => {
      const resolverClass = createResolverClass(definition({ authority: () => authority as string }));
      const { error } = await new Probe(resolverClass, 'own:echo').ask();
      expect(error?.details).toContain(
        'authority() must return host[:port], which TLS verifies: server name ',
      );
    },
  );

  it('fails RPCs with the message of an authority that throws', async () => {
    const resolverClass = createResolverClass(
      definition({
        authority: () => {
          throw new Error('no name for this one');
        },
      }),
    );
    const { error } = await new Probe(resolverClass, 'own:echo').ask();
    expect(error?.code).toBe(14);
    expect(error?.details).toBe(
      'own: authority() must return host[:port], which TLS verifies: no name for this one',
    );
  });

  it.each([
    [
      { scheme: 'Own' },
      'defineResolver: scheme must be small letters, digits, "+", "-" and ".", a letter first, got "Own"',
    ],
    [{ scheme: 'own:' }, 'got "own:"'],
    [{ scheme: undefined }, 'got undefined'],
    [{ authority: 'echo.test' }, 'defineResolver: authority must be a function, got "echo.test"'],
    [{ resolve: undefined }, 'defineResolver: resolve or watch must be a function, got undefined'],
    [{ deadline: 1 }, 'deadline must be from 10 to 600000 ms, got 1'],
    [{ interval: 1 }, 'must have no field but scheme, authority, resolve, refreshInterval,'],
    [{ watch: async () => {} }, 'maxAddresses, got "watch"'],
  ])('refuses %o', (over, message) => {
    expect(() => defineResolver({ ...definition(), ...over } as ResolverDefinition)).toThrow(message);
  });
});

test.each([
  [{ watch: 'x' }, 'defineResolver: watch must be a function, got "x"'],
  [{ wach: async () => {} }, 'no field but scheme, authority, resolve, watch, refreshInterval,'],
  [
    { watch: async () => {}, refreshInterval: 100 },
    /no field but scheme, authority, watch, deadline,.*, got "refreshInterval"/,
  ],
])('defineResolver refuses a watch that is written as %o', (over, message) => {
  const call = { scheme: 'own', authority: () => 'own', ...over };
  expect(() => defineResolver(call as unknown as ResolverDefinition)).toThrow(message);
});

describe('register', () => {
  const from = (scheme: string): unknown =>
    experimental.createResolver({ scheme, path: 'x' }, () => true, {}).constructor;

  it('makes the scheme known, with the options of the definition or those of the call', async () => {
    const server = await startBackend({ name: 'a' });
    const resolver = defineResolver(
      definition({ scheme: 'own-registered', resolve: () => ({ endpoints: [`127.0.0.1:${server.port}`] }) }),
    );
    expect(resolver.scheme).toBe('own-registered');
    resolver.register();
    expect(await ask(openClient('own-registered:echo.test'))).toBe('a');
    const before = from('own-registered');
    resolver.register();
    expect(from('own-registered')).toBe(before);
    resolver.register({ maxEndpoints: 1 });
    expect(from('own-registered')).not.toBe(before);
  });

  it('takes the scheme over from another definition, for the channels that are made from then on', async () => {
    const make = (name: string) =>
      defineResolver(definition({ scheme: 'own-again', resolve: () => Promise.reject(new Error(name)) }));
    const [first, second] = [make('first'), make('second')];
    first.register();
    const old = openClient('own-again:x');
    await expect(ask(old)).rejects.toThrow('first');
    second.register();
    second.register();
    await expect(ask(openClient('own-again:y'))).rejects.toThrow('second');
    await expect(ask(old)).rejects.toThrow('first');
    first.register();
    await expect(ask(openClient('own-again:z'))).rejects.toThrow('first');
  });

  it('takes a scheme of this package over, which takes nothing back by a call without options', async () => {
    registerSrvResolver();
    const shipped = from('srv');
    defineResolver(definition({ scheme: 'srv' })).register();
    const own = from('srv');
    expect(own).not.toBe(shipped);
    vi.resetModules();
    const copy = await import('../../src/index.js');
    for (const register of [registerSrvResolver, copy.registerSrvResolver]) {
      register();
      expect(from('srv')).toBe(own);
    }
    registerSrvResolver({ maxEndpoints: 5 });
    expect(from('srv')).not.toBe(own);
    const withOptions = from('srv');
    copy.registerSrvResolver();
    expect(from('srv')).toBe(withOptions);
  });

  it('refuses options that no resolver has, or that are out of range', () => {
    const resolver = defineResolver(definition());
    expect(() => resolver.register({ interval: 1 } as object)).toThrow(
      /^own: the options of register\(\) must have no field but .*, got "interval"$/,
    );
    expect(() => resolver.register({ refreshInterval: 0 })).toThrow('refreshInterval must be from 100');
  });
});

it('a look-up that closes its client at once closes it for good', async () => {
  const closing = defineResolver(
    definition({
      scheme: 'own-closing',
      resolve: () => {
        client.close();
        return ENDPOINTS;
      },
    }),
  );
  closing.register();
  const client = openClient('own-closing:echo.test');
  const answer = ask(client).catch((error: unknown) => error);
  await expect(answer).resolves.toMatchObject({ code: 14 });
  expect(() => client.getChannel().getConnectivityState(false)).not.toThrow();
  expect(client.getChannel().getConnectivityState(false)).toBe(connectivityState.SHUTDOWN);
});
