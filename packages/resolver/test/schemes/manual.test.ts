import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { openClient, ROUND_ROBIN } from '@petiole/test-kit/clients';
import { ask, askUntilAll } from '@petiole/test-kit/rpc';
import { startBackend } from '@petiole/test-kit/servers';
import { describe, expect, it, vi } from 'vitest';
import { createManualResolver, ServiceConfigError, TargetError } from '../../src/index.js';
import { manualResolverClass } from '../../src/schemes/manual.js';
import { Probe } from '../support/probe.js';

const HEALTH = 'grpc.internal.no_subchannel.petiole.health_check_service_name';
const follow = (target: string): Probe => new Probe(manualResolverClass, target);
const nextTick = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

describe('update', () => {
  it('reaches every live channel on the next tick, in the order in which they subscribed', async () => {
    const manual = createManualResolver({ endpoints: ['10.0.0.1:1'] });
    const channels = [follow(manual.target), follow(manual.target), follow(manual.target)];
    for (const channel of channels) await channel.ask();
    const order: number[] = [];
    for (const [index, channel] of channels.entries()) channel.inside = () => order.push(index);
    manual.update({ endpoints: ['10.0.0.2:1'] });
    expect(order).toEqual([]);
    await nextTick();
    expect(order).toEqual([0, 1, 2]);
    for (const channel of channels) expect(channel.calls.at(-1)?.endpoints).toEqual(['10.0.0.2:1']);
  });

  it('of several in one tick delivers the last', async () => {
    const manual = createManualResolver({ endpoints: ['10.0.0.1:1'] });
    const channel = follow(manual.target);
    await channel.ask();
    manual.update({ endpoints: ['10.0.0.2:1'] });
    manual.fail({ details: 'maintenance' });
    manual.update({ endpoints: ['10.0.0.3:1'] });
    await nextTick();
    expect(channel.calls.slice(1).map(({ endpoints }) => endpoints)).toEqual([['10.0.0.3:1']]);
  });

  it('made inside a listener call is delivered after it', async () => {
    const manual = createManualResolver({ endpoints: ['10.0.0.1:1'] });
    const channel = follow(manual.target);
    channel.inside = () => {
      channel.inside = undefined;
      manual.update({ endpoints: ['10.0.0.2:1'] });
      expect(channel.calls).toHaveLength(1);
    };
    await channel.ask();
    await channel.next().catch(() => {});
    expect(channel.calls[1]?.endpoints).toEqual(['10.0.0.2:1']);
  });

  it('reaches the others when one channel throws', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const manual = createManualResolver({ endpoints: ['10.0.0.1:1'] });
    const [bad, good] = [follow(manual.target), follow(manual.target)];
    await bad.ask();
    await good.ask();
    bad.inside = () => {
      throw new Error('policy bug');
    };
    manual.update({ endpoints: ['10.0.0.2:1'] });
    expect((await good.next()).endpoints).toEqual(['10.0.0.2:1']);
  });

  it('is replayed to channels made later and to those that return from idle, once', async () => {
    const manual = createManualResolver({ endpoints: ['10.0.0.1:1'] });
    const early = follow(manual.target);
    await early.ask();
    early.resolver.destroy();
    manual.update({ endpoints: ['10.0.0.2:1'] });
    await nextTick();
    expect(early.calls).toHaveLength(1);
    expect((await early.ask()).endpoints).toEqual(['10.0.0.2:1']);
    expect((await follow(manual.target).ask()).endpoints).toEqual(['10.0.0.2:1']);
    for (let rpc = 0; rpc < 10; rpc += 1) early.resolver.updateResolution();
    await new Promise((resolve) => setImmediate(resolve));
    expect(early.calls).toHaveLength(2);
  });

  it('between a channel asking and being answered is that answer, once', async () => {
    const manual = createManualResolver({ endpoints: ['10.0.0.1:1'] });
    const channel = follow(manual.target);
    channel.resolver.updateResolution();
    manual.update({ endpoints: ['10.0.0.2:1'] });
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(channel.calls.map(({ endpoints }) => endpoints)).toEqual([['10.0.0.2:1']]);
  });

  it('comes first to a handle made without endpoints: RPCs wait for it', async () => {
    const server = await startBackend({ name: 'a' });
    const manual = createManualResolver();
    const client = openClient(manual.target);
    const answer = ask(client);
    manual.update({ endpoints: [`127.0.0.1:${server.port}`] });
    await expect(answer).resolves.toBe('a');
  });

  it('with no endpoints fails RPCs instead of hanging, when it is the first', async () => {
    const server = await startBackend({ name: 'a' });
    const manual = createManualResolver({ endpoints: [] });
    const client = openClient(manual.target);
    const details = expect.stringContaining('no endpoints');
    await expect(ask(client)).rejects.toMatchObject({ code: 14, details });
    manual.update({ endpoints: [`127.0.0.1:${server.port}`] });
    await nextTick();
    await expect(ask(client)).resolves.toBe('a');
  });

  it('with no endpoints takes them away from a channel that had some', async () => {
    const server = await startBackend({ name: 'a' });
    const manual = createManualResolver({ endpoints: [`127.0.0.1:${server.port}`] });
    // round_robin lets RPCs wait then; pick_first would keep the connection that it has.
    const client = openClient(manual.target, ROUND_ROBIN);
    await expect(ask(client)).resolves.toBe('a');
    manual.update({ endpoints: [] });
    await nextTick();
    await expect(ask(client, 200)).rejects.toMatchObject({ code: 4 });
  });

  it('carries a service config that takes effect, over that of the channel', async () => {
    const [a, b] = [await startBackend({ name: 'a' }), await startBackend({ name: 'b' })];
    const endpoints = [`127.0.0.1:${a.port}`, `127.0.0.1:${b.port}`];
    const manual = createManualResolver({
      endpoints,
      serviceConfig: { loadBalancingConfig: [{ round_robin: {} }] },
    });
    await askUntilAll(openClient(manual.target), ['a', 'b']);
  });

  it('is told from a failure by what it is, whatever its prototype has', async () => {
    const manual = createManualResolver({ endpoints: ['10.0.0.1:1'] });
    const polluted = Object.prototype as { failure?: object };
    Object.defineProperty(polluted, 'failure', { value: { details: 'inherited' }, configurable: true });
    try {
      expect((await follow(manual.target).ask()).endpoints).toEqual(['10.0.0.1:1']);
    } finally {
      delete polluted.failure;
    }
  });

  it('keeps nothing of the objects it was given', async () => {
    const address = { host: '10.0.0.1', port: 1 };
    const endpoints = [{ addresses: [address] }];
    const serviceConfig = { loadBalancingConfig: [{ round_robin: {} as Record<string, unknown> }] };
    const manual = createManualResolver({ endpoints, serviceConfig });
    address.port = 2;
    endpoints.length = 0;
    serviceConfig.loadBalancingConfig.length = 0;
    const call = await follow(manual.target).ask();
    expect(call.endpoints).toEqual(['10.0.0.1:1']);
    expect(call.serviceConfig?.loadBalancingConfig).toEqual([{ round_robin: {} }]);
    expect(Object.isFrozen(call.raw?.[0]?.addresses)).toBe(true);
  });

  it('passes healthCheckConfig on as an attribute: the name, null in a config without one, absent without a config', async () => {
    const manual = createManualResolver({ endpoints: ['10.0.0.1:1'] });
    const channel = follow(manual.target);
    expect(HEALTH in (await channel.ask()).attributes).toBe(false);
    const endpoints = ['10.0.0.1:1'];
    manual.update({ endpoints, serviceConfig: { healthCheckConfig: { serviceName: 'echo' } } });
    const named = await channel.next();
    expect(named.attributes).toMatchObject({
      [HEALTH]: 'echo',
      'grpc.internal.no_subchannel.petiole.target': manual.target,
    });
    manual.update({
      endpoints: ['10.0.0.2:1'],
      serviceConfig: { healthCheckConfig: { serviceName: 'echo' } },
    });
    expect((await channel.next()).attributes).toEqual(named.attributes);
    manual.update({ endpoints, serviceConfig: {} });
    expect((await channel.next()).attributes[HEALTH]).toBeNull();
  });

  it('with new attributes reconnects nothing', async () => {
    const server = await startBackend({ name: 'a' });
    const endpoints = [`127.0.0.1:${server.port}`];
    const manual = createManualResolver({ endpoints });
    const client = openClient(manual.target);
    await ask(client);
    for (const serviceName of ['x', 'y', 'z']) {
      manual.update({ endpoints, serviceConfig: { healthCheckConfig: { serviceName } } });
      await nextTick();
      await ask(client);
    }
    expect(server.callers.size).toBe(1);
  });

  it.each([
    [{ endpoints: ['10.0.0.1:99999'] }, TargetError, 'endpoints[0]: "10.0.0.1:99999" has port "99999"'],
    [{ endpoints: 'a:1' }, TargetError, 'endpoints must be an array, got "a:1"'],
    [{ endpoints: ['a:1'], serviceConfig: '{' }, ServiceConfigError, 'service config: it must be JSON'],
    [
      { endpoints: ['a:1'], serviceConfig: { methodConfig: [{}] } },
      ServiceConfigError,
      'methodConfig[0].name must be an array',
    ],
    [
      { endpoints: ['a:1'], serviceConfig: { loadBalancing: [{ round_robin: {} }] } },
      ServiceConfigError,
      'loadBalancing: unknown field: did you mean "loadBalancingConfig"?',
    ],
    [
      ['a:1'],
      TypeError,
      'update: its argument must be an object such as { endpoints: ["127.0.0.1:50051"] }, got ["a:1"]',
    ],
    [undefined, TypeError, 'update: its argument must be an object'],
    [
      { endpoints: ['a:1'], service_config: {} },
      TypeError,
      'update: service_config is no field of a state: did you mean "serviceConfig"?',
    ],
    [
      { endpoints: ['a:1'], loadBalancingConfig: [{ round_robin: {} }] },
      TypeError,
      'update: loadBalancingConfig must be in serviceConfig',
    ],
    [
      { endpoints: ['a:1'], serverName: 'x' },
      TypeError,
      'update: serverName must be given to createManualResolver',
    ],
    [
      { endpoints: ['a:1'], serviceConfig: { round_robin: {} } },
      ServiceConfigError,
      'round_robin must be in an entry of loadBalancingConfig, got {}',
    ],
    [
      { endpoints: ['a:1'], serviceConfig: { healthCheckConfig: { service: 'x' } } },
      ServiceConfigError,
      'healthCheckConfig.serviceName must be a string, "" for the server as a whole, got nothing',
    ],
  ])('throws on %o and changes nothing', async (state, type, message) => {
    const manual = createManualResolver({ endpoints: ['10.0.0.1:1'] });
    const update = (): void => manual.update(state as never);
    expect(update).toThrow(type);
    expect(update).toThrow(message);
    expect((await follow(manual.target).ask()).endpoints).toEqual(['10.0.0.1:1']);
  });

  it('with no endpoints is an error for a channel that returns from idle: its new policy has nothing', async () => {
    const manual = createManualResolver({ endpoints: ['10.0.0.1:1'] });
    const channel = follow(manual.target);
    await channel.ask();
    channel.resolver.destroy();
    manual.update({ endpoints: [] });
    const { error } = await channel.ask();
    expect(error).toMatchObject({ code: 14, details: `${manual.target}: no endpoints` });
  });
});

describe('fail', () => {
  it('fails RPCs of channels without endpoints with its status', async () => {
    const manual = createManualResolver();
    const client = openClient(manual.target);
    manual.fail({ code: status.PERMISSION_DENIED, details: 'the catalogue says no' });
    await expect(ask(client)).rejects.toMatchObject({
      code: 7,
      details: expect.stringContaining('the catalogue says no'),
    });
  });

  it('lets channels with endpoints serve on, under the service config they had', async () => {
    const [a, b] = [await startBackend({ name: 'a' }), await startBackend({ name: 'b' })];
    const endpoints = [`127.0.0.1:${a.port}`, `127.0.0.1:${b.port}`];
    const manual = createManualResolver({
      endpoints,
      serviceConfig: { loadBalancingConfig: [{ round_robin: {} }] },
    });
    const client = openClient(manual.target);
    await askUntilAll(client, ['a', 'b']);
    manual.fail({ details: 'the catalogue is down' });
    await nextTick();
    await askUntilAll(client, ['a', 'b'], 20);
    expect([a.callers.size, b.callers.size]).toEqual([1, 1]);
  });

  it('gives each channel metadata of its own: nothing that a client does to an error shows elsewhere', async () => {
    const metadata = new Metadata();
    metadata.set('reason', 'maintenance');
    const manual = createManualResolver();
    manual.fail({ details: 'the catalogue is down', metadata });
    metadata.set('reason', 'changed by the program');
    const reasons = async (): Promise<unknown> => {
      const error: ServiceError = await ask(openClient(manual.target)).then(
        expect.unreachable,
        (caught) => caught,
      );
      const before = error.metadata.get('reason');
      error.metadata.set('reason', 'changed by a client');
      return before;
    };
    expect([await reasons(), await reasons()]).toEqual([['maintenance'], ['maintenance']]);
    expect(metadata.get('reason')).toEqual(['changed by the program']);
  });

  it.each([
    ['catalogue down', 'its argument must be an object such as { details: "the catalogue is down" }'],
    [undefined, 'its argument must be an object'],
    [{}, 'details must be a string, got undefined'],
    [{ details: 5 }, 'details must be a string, got 5'],
    [{ details: 'x', metadata: { a: 'b' } }, 'metadata must be a Metadata of @grpc/grpc-js, got {"a":"b"}'],
  ])('throws a TypeError on %o and changes nothing', async (failure, message) => {
    const manual = createManualResolver({ endpoints: ['10.0.0.1:1'] });
    const fail = (): void => manual.fail(failure as never);
    expect(fail).toThrow(TypeError);
    expect(fail).toThrow(`${manual.target}: fail: ${message}`);
    expect((await follow(manual.target).ask()).endpoints).toEqual(['10.0.0.1:1']);
  });

  it.each([
    'OK',
    'INVALID_ARGUMENT',
    'NOT_FOUND',
    'ALREADY_EXISTS',
    'FAILED_PRECONDITION',
    'ABORTED',
    'OUT_OF_RANGE',
    'DATA_LOSS',
  ] as const)('refuses %s, which grpc-js would turn into INTERNAL', (name) => {
    const manual = createManualResolver();
    expect(() => manual.fail({ code: status[name], details: '' })).toThrow(`not ${name}`);
  });

  it.each([
    ['NOT_FOUND', '"NOT_FOUND"'],
    ['UNAVAILABLE', '"UNAVAILABLE"'],
    ['14', '"14"'],
    [17, '17'],
    [1.5, '1.5'],
    [null, 'null'],
    ['toString', '"toString"'],
  ])('refuses %o, which is no number of a status', (code, printed) => {
    const manual = createManualResolver();
    expect(() => manual.fail({ code: code as never, details: '' })).toThrow(
      `${manual.target}: fail: code must be one of status.CANCELLED (1), status.UNKNOWN (2), `,
    );
    expect(() => manual.fail({ code: code as never, details: '' })).toThrow(`, got ${printed}`);
  });
});

describe('createManualResolver', () => {
  it.each([[null], [''], [0], [false]])('throws a TargetError on endpoints %o', (endpoints) => {
    expect(() => createManualResolver({ endpoints: endpoints as never })).toThrow(TargetError);
  });

  it('throws a TypeError on a field that it does not know', () => {
    expect(() => createManualResolver({ endpoint: ['a:1'] } as never)).toThrow(
      'createManualResolver: its argument must have no field but endpoints, serviceConfig, serverName, got "endpoint"',
    );
  });

  it.each([[['127.0.0.1:1']], ['127.0.0.1:1'], [null]])('throws a TypeError on %o', (options) => {
    const create = (): unknown => createManualResolver(options as never);
    expect(create).toThrow(TypeError);
    expect(create).toThrow(
      'createManualResolver: its argument must be an object with endpoints, serviceConfig, serverName, got ',
    );
  });
});

describe('close', () => {
  it('makes later channels UNAVAILABLE and says so; live ones keep serving', async () => {
    const server = await startBackend({ name: 'a' });
    const manual = createManualResolver({ endpoints: [`127.0.0.1:${server.port}`] });
    const client = openClient(manual.target);
    await ask(client);
    manual.close();
    manual.close();
    await expect(ask(client)).resolves.toBe('a');
    await expect(ask(openClient(manual.target))).rejects.toMatchObject({
      code: 14,
      details: expect.stringContaining('this manual resolver was closed'),
    });
    expect(() => manual.update({ endpoints: [] })).toThrow('was closed');
    expect(() => manual.fail({ details: '' })).toThrow('was closed');
  });

  it('ends RPCs that wait for a first update', async () => {
    const manual = createManualResolver();
    const waiting = ask(openClient(manual.target));
    await new Promise(setImmediate);
    manual.close();
    await expect(waiting).rejects.toMatchObject({
      code: 14,
      details: expect.stringContaining(`${manual.target}: this manual resolver was closed`),
    });
  });

  it('in the tick of an update does not lose it', async () => {
    const manual = createManualResolver({ endpoints: ['10.0.0.1:1'] });
    const channel = follow(manual.target);
    await channel.ask();
    manual.update({ endpoints: ['10.0.0.2:1'] });
    manual.close();
    expect((await channel.next()).endpoints).toEqual(['10.0.0.2:1']);
  });
});

describe('the target', () => {
  it('leads to the endpoints of its own handle, whichever copy of the package made it', async () => {
    const own = createManualResolver({ endpoints: ['10.0.0.1:1'] });
    vi.resetModules();
    const copy = await import('../../src/schemes/manual.js');
    const foreign = copy.createManualResolver({ endpoints: ['10.0.0.2:1'] });
    for (const resolverClass of [manualResolverClass, copy.manualResolverClass]) {
      const told = [own, foreign].map(
        async ({ target }) => (await new Probe(resolverClass, target).ask()).endpoints,
      );
      expect(await Promise.all(told)).toEqual([['10.0.0.1:1'], ['10.0.0.2:1']]);
    }
  });

  it('has an id of its own and the authority that TLS verifies', () => {
    const authority = (target: string): string => {
      const [, name = '', path = ''] = /^manual:\/\/([^/]*)\/(.+)$/.exec(target) ?? [];
      return manualResolverClass.getDefaultAuthority({ scheme: 'manual', authority: name, path });
    };
    const first = createManualResolver({ endpoints: ['[fe80::1%eth0]:1'] });
    const second = createManualResolver({ serverName: 'echo.example' });
    expect(first.target).not.toBe(second.target);
    expect(authority(first.target)).toBe('[fe80::1]:1');
    expect(authority(second.target)).toBe('echo.example');
    expect(authority(createManualResolver().target)).toBe('localhost');
    expect(() => createManualResolver({ serverName: 'no such' })).toThrow('server name "no such"');
    expect(() => createManualResolver({ serviceConfig: {} })).toThrow('serviceConfig needs endpoints');
  });
});
