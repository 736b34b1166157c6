/** Registration with grpc-js: names, versions, and second copies of this package and of grpc-js. */

import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Client, connectivityState, credentials, experimental } from '@grpc/grpc-js';
import { startBackend } from '@petiole/test-kit/servers';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { told } from '@petiole/test-kit/told';
import { afterEach, beforeEach, describe, expect, type MockInstance, onTestFinished, test, vi } from 'vitest';
import { assertUsable, grpcJsVersion, reportForeignCopies } from '../../src/grpc-js/installed.js';
import {
  assertSameGrpcJs,
  customRoundRobin,
  definePolicy,
  failPick,
  tolerateGrpcJsCopies,
} from '../../src/index.js';
import { openChannel } from '../support/fleet.js';

const require = createRequire(import.meta.url);

const firstReady = (name: string) =>
  definePolicy({
    name,
    createPicker: (ready) => {
      const [first] = ready;
      return first && { pick: () => first.pickResult };
    },
  });

describe('a name', () => {
  test('is taken over by register({ replace: true }), for clients made from then on', () => {
    firstReady('reloaded').register();
    const again = definePolicy({
      name: 'reloaded',
      createPicker: (ready) => (ready.length > 1 ? { pick: () => failPick('the second one') } : undefined),
    });
    again.register({ replace: true });
    const channel = new SimulatedChannel({ reloaded: {} });
    channel.update(SimulatedChannel.endpoints(2));
    channel.all(connectivityState.READY);
    expect(channel.pick()).toBe('the second one');
  });

  test("of one of grpc-js's own policies is not taken over", () => {
    expect(() => firstReady('round_robin').register({ replace: true })).toThrow(
      'round_robin: grpc-js has a policy of this name already',
    );
  });

  test('can be registered again by the same definition', () => {
    const policy = firstReady('registered_twice');
    policy.register();
    policy.register();
    expect(experimental.isLoadBalancerNameRegistered('registered_twice')).toBe(true);
  });

  test.each(['pick_first', 'round_robin', 'outlier_detection', 'weighted_round_robin'])(
    'that is one of grpc-js, %s, is refused',
    (name) => {
      expect(() => firstReady(name).register()).toThrow(
        new Error(`${name}: grpc-js has a policy of this name already; choose another name`),
      );
    },
  );

  test('that another definition has taken is refused', () => {
    firstReady('taken').register();
    expect(() => firstReady('taken').register()).toThrow(
      new Error(
        'taken: another policy of this name is registered already; a name stands for one definition. ' +
          'Where a hot reload has evaluated it again: register({ replace: true })',
      ),
    );
  });
});

describe('a second copy of this package', () => {
  test('registers its policies in peace, and channels work with the config of either', async () => {
    customRoundRobin.register();
    vi.resetModules();
    const copy = await import('../../src/index.js');
    expect(copy.customRoundRobin).not.toBe(customRoundRobin);
    copy.customRoundRobin.register();
    const backend = await startBackend();
    for (const policy of [customRoundRobin(), copy.customRoundRobin()]) {
      expect(await openChannel({ endpoints: [backend.endpoint()], policy }).unary()).toBe(backend.peer);
    }
  });

  test('still refuses a name that another definition has taken', async () => {
    firstReady('taken_in_one_copy').register();
    vi.resetModules();
    const { definePolicy } = await import('../../src/index.js');
    const other = definePolicy({
      name: 'taken_in_one_copy',
      createPicker: () => undefined,
    });
    expect(() => other.register()).toThrow('taken_in_one_copy: another policy of this name is registered');
  });

  test('still refuses a name of grpc-js', async () => {
    vi.resetModules();
    const copy = await import('../../src/index.js');
    const policy = copy.definePolicy({
      name: 'round_robin',
      createPicker: () => undefined,
    });
    expect(() => policy.register()).toThrow('grpc-js has a policy of this name already');
  });
});

describe('the version of grpc-js', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

  test('one that lacks what policies need is one error that names both versions and what is missing', () => {
    const { LeafLoadBalancer: _, CHANNEL_ARGS_CONFIG_SELECTOR_KEY: __, ...old } = experimental;
    expect(() => assertUsable(old, () => '1.12.6')).toThrow(
      new Error(
        `@petiole/balancer needs @grpc/grpc-js ${manifest.peerDependencies['@grpc/grpc-js']}, but 1.12.6 is ` +
          'installed, which lacks experimental.CHANNEL_ARGS_CONFIG_SELECTOR_KEY, experimental.LeafLoadBalancer',
      ),
    );
  });

  test.each(['index', 'register', 'BaseSubchannelWrapper', 'PickResultType'])(
    'says so before anything of it is used: %s',
    async (what) => {
      const lacks = what === 'PickResultType' ? what : 'BaseSubchannelWrapper';
      vi.resetModules();
      vi.doMock('@grpc/grpc-js', async (original) => {
        const real = await original<typeof import('@grpc/grpc-js')>();
        return { ...real, experimental: { ...real.experimental, [lacks]: undefined } };
      });
      onTestFinished(() => {
        vi.doUnmock('@grpc/grpc-js');
        vi.resetModules();
      });
      const entry = what === 'register' ? import('../../src/register.js') : import('../../src/index.js');
      await expect(entry).rejects.toThrow(
        `@petiole/balancer needs @grpc/grpc-js ^1.14.5, but ${grpcJsVersion()} is installed, which lacks experimental.${lacks}`,
      );
    },
  );

  test('the installed one is usable, and its version is known', () => {
    expect(() => assertUsable(experimental, grpcJsVersion)).not.toThrow();
    expect(grpcJsVersion()).toBe(require('@grpc/grpc-js/package.json').version);
  });
});

describe('a second copy of grpc-js', () => {
  const own = dirname(require.resolve('@grpc/grpc-js/package.json'));
  const oldest = dirname(require.resolve('grpc-js-oldest/package.json'));
  const { version: oldestVersion } = require('grpc-js-oldest/package.json');
  let directory: string;
  let errors: MockInstance<typeof console.error>;

  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'petiole-copies-')));
    errors = vi.spyOn(console, 'error').mockImplementation(() => {});
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    rmSync(directory, { recursive: true });
  });

  /** Puts the oldest grpc-js there as npm does, with its dependencies beside it. */
  function install(name: string): string {
    const home = join(directory, 'node_modules', ...name.split('/'));
    mkdirSync(dirname(home), { recursive: true });
    cpSync(oldest, home, { recursive: true, filter: (path) => !/\.(ts|map)$/.test(path) });
    for (const dependency of ['@grpc/proto-loader', '@js-sdsl/ordered-map']) {
      const at = join(directory, 'node_modules', ...dependency.split('/'));
      mkdirSync(dirname(at), { recursive: true });
      symlinkSync(join(oldest, '..', '..', ...dependency.split('/')), at);
    }
    return home;
  }

  const lines = () => errors.mock.calls.map(([line]) => `${line}`);

  test.each(['@grpc/grpc-js', 'an-alias-of-it'])(
    'in the folder %s is reported once, in one line',
    async (name) => {
      const home = install(name);
      reportForeignCopies();
      await told();
      expect(lines()).toEqual([]);
      require(home);
      reportForeignCopies();
      reportForeignCopies();
      await told();
      expect(lines()).toEqual([
        `E Two copies of @grpc/grpc-js are loaded: ${grpcJsVersion()} in ${own}, which has the policies of ` +
          `@petiole/balancer, and ${oldestVersion} in ${home}, which has not. A client of yours that comes from there ` +
          'uses pick_first instead, or refuses its service config: `npm ls @grpc/grpc-js` shows who brings it. If no ' +
          `client does, tolerateGrpcJsCopies('${oldestVersion}') before register(), or ` +
          `PETIOLE_TOLERATE_GRPC_JS=${oldestVersion}, silences this line.`,
      ]);
    },
  );

  test('that is loaded by import is noticed', async () => {
    const home = install('@grpc/grpc-js');
    await import(join(home, 'build', 'src', 'index.js'));
    reportForeignCopies();
    await told();
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toContain(home);
  });

  test('is noticed when the first policy is registered', async () => {
    vi.resetModules();
    const { definePolicy } = await import('../../src/index.js');
    const home = install('@grpc/grpc-js');
    require(home);
    definePolicy({ name: 'with_a_copy', createPicker: () => undefined }).register();
    await told();
    expect(lines().filter((line) => line.includes(home))).toHaveLength(1);
  });

  test('is noticed a second after that, when the application has loaded its modules', async () => {
    vi.useFakeTimers();
    vi.resetModules();
    const { definePolicy } = await import('../../src/index.js');
    const home = install('@grpc/grpc-js');
    definePolicy({ name: 'before_a_copy', createPicker: () => undefined }).register();
    require(home);
    vi.advanceTimersByTime(999);
    await told();
    expect(lines().filter((line) => line.includes(home))).toEqual([]);
    vi.advanceTimersByTime(1);
    await told();
    expect(lines().filter((line) => line.includes(home))).toHaveLength(1);
  });

  test.each([oldestVersion, 'node_modules/@grpc', 'petiole-copies-'])(
    'that is tolerated as %s is not reported',
    async (copy) => {
      vi.resetModules();
      const copies = await import('../../src/grpc-js/installed.js');
      copies.tolerateGrpcJsCopies(copy);
      require(install('@grpc/grpc-js'));
      copies.reportForeignCopies();
      await told();
      expect(lines().filter((line) => line.includes(directory))).toEqual([]);
    },
  );

  test('a tolerated copy is a version or a part of a path, and nothing else', () => {
    expect(() => tolerateGrpcJsCopies('')).toThrow(
      'tolerateGrpcJsCopies: must be given versions or parts of paths, got ""',
    );
  });

  test('clients of it are told from those of this copy', () => {
    const other = require(install('@grpc/grpc-js')) as typeof import('@grpc/grpc-js');
    const own = new Client('localhost:1', credentials.createInsecure());
    const foreign = new other.Client('localhost:1', other.credentials.createInsecure());
    assertSameGrpcJs(own);
    assertSameGrpcJs(own.getChannel());
    expect(() => assertSameGrpcJs(foreign)).toThrow(
      /made by another copy of @grpc\/grpc-js than the one that knows/,
    );
    own.close();
    foreign.close();
  });

  test('another package with the same layout is none', async () => {
    const home = join(directory, 'node_modules', 'other');
    mkdirSync(join(home, 'build', 'src'), { recursive: true });
    writeFileSync(join(home, 'build', 'src', 'index.js'), '');
    writeFileSync(join(home, 'package.json'), '{ "name": "other", "main": "build/src/index.js" }');
    require(home);
    reportForeignCopies();
    await told();
    expect(lines()).toEqual([]);
  });
});
