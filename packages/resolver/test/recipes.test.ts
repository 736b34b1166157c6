/** The recipes of the README, run. What CoreDNS would answer comes from the test's own DNS server. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { credentials, experimental, makeGenericClientConstructor, status } from '@grpc/grpc-js';
import { openClient, ROUND_ROBIN } from '@petiole/test-kit/clients';
import { node, start } from '@petiole/test-kit/processes/program';
import { ask, askUntilAll } from '@petiole/test-kit/rpc';
import { startBackend } from '@petiole/test-kit/servers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import {
  createManualResolver,
  defineResolver,
  type EndpointInput,
  registerRefreshingDnsResolver,
  registerSrvResolver,
  registerStaticResolver,
  staticTarget,
} from '../src/index.js';
import { openDnsSession } from '../src/lookup/dns-session.js';
import { createDnsRefreshResolverClass } from '../src/schemes/dns-refresh.js';
import { DnsServer } from './support/dns-server.js';

registerStaticResolver();
registerSrvResolver({ refreshInterval: 100 });
const REFRESHING = { refreshInterval: 100, families: 'ipv4' } as const;
registerRefreshingDnsResolver(REFRESHING);

const APP = 'test/support/child-app.ts';

/** Runs a command. Resolves to what it printed. */
async function run(...how: Parameters<typeof start>): Promise<string> {
  return (await start(...how)).stdout;
}

const OPTIONS = { ...ROUND_ROBIN, 'grpc.service_config_disable_resolution': 1 };

describe('the recipe for', () => {
  it('docker-compose names: each service an endpoint', async () => {
    const [a, b] = [await startBackend({ name: 'a' }), await startBackend({ name: 'b' })];
    const client = openClient(`static:localhost:${a.port},localhost:${b.port}`, OPTIONS);
    await askUntilAll(client, ['a', 'b']);
  });

  it('replicas under one docker-compose name: each address of the name an endpoint; a new replica is found', async () => {
    const addresses = ['127.0.0.1', '127.0.0.2'];
    const a = await startBackend({ name: 'a' });
    await startBackend({ name: 'b', host: '127.0.0.2', port: a.port });
    // Stands for Docker's name server, behind the system's resolver.
    const ask = (host: string): Promise<readonly string[]> =>
      host === 'echo' ? Promise.resolve([...addresses]) : Promise.reject(new Error(host));
    const options = { refreshInterval: 100 };
    experimental.registerResolver(
      'dns+refresh',
      createDnsRefreshResolverClass(options, { open: openDnsSession, ask }),
    );
    const client = openClient(`dns+refresh:echo:${a.port}`, OPTIONS); // has its resolver now
    registerRefreshingDnsResolver(REFRESHING);
    await askUntilAll(client, ['a', 'b']);
    await startBackend({ name: 'c', host: '127.0.0.3', port: a.port });
    addresses.push('127.0.0.3');
    await askUntilAll(client, ['c'], 100_000);
    expect(a.callers.size).toBe(1);
  });

  it('a StatefulSet by srv: one endpoint per pod with both families; a new pod joins without breaking a connection', async () => {
    const service = '_grpc._tcp.echo.default.svc.cluster.local';
    const pod = (index: number): string => `echo-${index}.echo.default.svc.cluster.local`;
    const dns = await DnsServer.start();
    const servers = [
      await startBackend({ name: 'echo-0' }),
      await startBackend({ name: 'echo-1', host: '::1' }),
    ];
    const publish = (): void => {
      dns.setSrv(
        service,
        servers.map(({ port }, index) => ({ target: pod(index), port })),
      );
      for (const index of servers.keys()) dns.setHost(pod(index), ['127.0.0.1', '::1']);
    };
    publish();
    const client = openClient(`srv://${dns.address}/${service}`, OPTIONS);
    await askUntilAll(client, ['echo-0', 'echo-1']);
    servers.push(await startBackend({ name: 'echo-2' }));
    publish();
    await askUntilAll(client, ['echo-2'], 100_000);
    expect(servers.slice(0, 2).map((server) => server.callers.size)).toEqual([1, 1]);
  });

  it('a Deployment by dns+refresh: with one family, each pod once; a new pod is found', async () => {
    const name = 'echo.default.svc.cluster.local';
    const dns = await DnsServer.start();
    const a = await startBackend({ name: 'a' });
    dns.setHost(name, ['127.0.0.1', 'fd00::1']);
    const client = openClient(`dns+refresh://${dns.address}/${name}:${a.port}`, OPTIONS);
    await askUntilAll(client, ['a']);
    const b = await startBackend({ name: 'b', host: '127.0.0.2', port: a.port });
    dns.setHost(name, ['127.0.0.1', '127.0.0.2', 'fd00::1', 'fd00::2']);
    await askUntilAll(client, [b.name], 100_000);
    expect(dns.count(`AAAA ${name}`)).toBe(0);
    expect(a.callers.size).toBe(1);
  });

  it('a service without a ready pod: NXDOMAIN, and RPCs wait for nothing', async () => {
    const dns = await DnsServer.start();
    const client = openClient(`srv://${dns.address}/_grpc._tcp.echo.default.svc.cluster.local`, OPTIONS);
    await expect(ask(client)).rejects.toMatchObject({
      code: 14,
      details: expect.stringContaining('ENOTFOUND'),
    });
  });

  it('an environment variable, quoted in the shell', async () => {
    const { port } = await startBackend({ name: 'a' });
    const target = `static:[::1]:${port}+127.0.0.1:${port}`;
    const out = await run(['sh', '-c', `ECHO_TARGET="${target}" "$0" "$@"`, ...node(APP)]);
    expect(out).toBe('a');
  });

  it('an argument, quoted in the shell: an unquoted one is a pattern for file names', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'petiole-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    await writeFile(join(directory, 'static:1:50051'), '');
    const print = (argument: string): Promise<string> =>
      run(['sh', '-c', `printf %s ${argument}`], { cwd: directory });
    expect(await print('"static:[::1]:50051"')).toBe('static:[::1]:50051');
    expect(await print('static:[::1]:50051')).toBe('static:1:50051');
  });

  it('an environment variable, quoted in YAML', async () => {
    const { port } = await startBackend({ name: 'a' });
    const target = `static:[::1]:${port}+127.0.0.1:${port},127.0.0.1:${port}`;
    const written = [
      `environment:\n  ECHO_TARGET: "${target}"`,
      `environment: { ECHO_TARGET: "${target}" }`,
      `environment: ["ECHO_TARGET=${target}"]`,
    ];
    const [block, flow, list] = written.map((text) => parse(text).environment);
    expect([block, list]).toEqual([flow, [`ECHO_TARGET=${target}`]]);
    const out = await run(node(APP), { env: block });
    expect(out).toBe('a');
    for (const text of written.slice(1)) expect(() => parse(text.replaceAll('"', ''))).toThrow('flow');
  });

  it("a framework's options object: NestJS hands `url` to the constructor of a generated client", async () => {
    const { port } = await startBackend({ name: 'a' });
    const options = { url: staticTarget([`[::1]:${port}+127.0.0.1:${port}`]) };
    const Echo = makeGenericClientConstructor({}, 'petiole.test.Echo');
    const client = new Echo(options.url, credentials.createInsecure(), { 'grpc.enable_http_proxy': 0 });
    onTestFinished(() => client.close());
    expect(await ask(client)).toBe('a');
  });

  it('a unit test: the RPC after one turn goes to the new server; a failure shows on a new client only', async () => {
    const [one, two] = [await startBackend({ name: 'one' }), await startBackend({ name: 'two' })];
    const serviceConfig = { loadBalancingConfig: [{ round_robin: {} }] };
    const catalogue = createManualResolver({ endpoints: [`127.0.0.1:${one.port}`], serviceConfig });
    onTestFinished(() => catalogue.close());
    const client = openClient(catalogue.target);
    expect(await ask(client)).toBe('one');
    catalogue.update({ endpoints: [`127.0.0.1:${two.port}`], serviceConfig });
    await setImmediate();
    expect(await ask(client)).toBe('two');
    catalogue.fail({ details: 'the catalogue is down' });
    await setImmediate();
    expect(await ask(client)).toBe('two');
    await expect(ask(openClient(catalogue.target))).rejects.toMatchObject({
      code: status.UNAVAILABLE,
      details: expect.stringContaining('the catalogue is down'),
    });
  });

  it('a catalogue over HTTP: a resolver of eight lines', async () => {
    const [a, b] = [await startBackend({ name: 'a' }), await startBackend({ name: 'b' })];
    let entries = [`127.0.0.1:${a.port}`];
    const web = createServer((_request, response) => response.end(JSON.stringify(entries)));
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      web.close();
      web.closeAllConnections();
    });

    const catalogue = defineResolver({
      scheme: 'catalogue',
      authority: ({ path }) => path,
      refreshInterval: 100,
      async resolve({ target, signal }) {
        const response = await fetch(`http://${target.authority}/services/${target.path}`, { signal });
        if (!response.ok) throw new Error(`the catalogue answered ${response.status}`);
        return { endpoints: (await response.json()) as EndpointInput[] };
      },
    });
    catalogue.register();

    const client = openClient(`catalogue://127.0.0.1:${(web.address() as AddressInfo).port}/echo`, OPTIONS);
    await askUntilAll(client, ['a']);
    entries = [...entries, `127.0.0.1:${b.port}`];
    await askUntilAll(client, ['b'], 100_000);
    expect(a.callers.size).toBe(1);
  });

  it('pods in configuration: staticTarget', () => {
    const pods = [
      { name: 'echo-0', port: 50_051 },
      { name: 'echo-1', port: 50_051 },
    ];
    const endpoints = pods.map(({ name, port }) => ({ addresses: [{ host: name, port }] }));
    expect(staticTarget(endpoints, { serverName: 'echo.example' })).toBe(
      'static://echo.example/echo-0:50051,echo-1:50051',
    );
  });
});
