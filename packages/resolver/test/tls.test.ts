import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { issue, type KeyPair, serving, trusting } from '@petiole/test-kit/certificates';
import { openClient } from '@petiole/test-kit/clients';
import { ask } from '@petiole/test-kit/rpc';
import { startBackend } from '@petiole/test-kit/servers';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  createManualResolver,
  registerRefreshingDnsResolver,
  registerSrvResolver,
  registerStaticResolver,
} from '../src/index.js';
import { DnsServer } from './support/dns-server.js';

registerStaticResolver();
registerSrvResolver();
registerRefreshingDnsResolver();

let ca: KeyPair;
/** For echo.test alone. */
let named: KeyPair;
/** For 127.0.0.1 and ::1. */
let numbered: KeyPair;
let clientPair: KeyPair;

beforeAll(async () => {
  ca = await issue(['Petiole test CA']);
  named = await issue(['echo.test'], ca);
  numbered = await issue(['127.0.0.1', '::1'], ca);
  clientPair = await issue(['client.test'], ca);
});

const serve = (pair: KeyPair, host: string, mutual = false) =>
  startBackend({
    name: pair === named ? 'named' : 'numbered',
    host,
    credentials: serving(pair, mutual ? ca : undefined),
  });
/** Node 22.23 holds every IPv6 address for a name that no certificate has; a server name in the target helps there. */
const nodeVerifiesIpv6 =
  checkServerIdentity('::1', {
    subject: { CN: 'numbers' },
    subjectaltname: 'IP Address:0:0:0:0:0:0:0:1',
  } as PeerCertificate) === undefined;
/** From Node 26 on, TLS refuses an address as server name, and grpc-js 1.14 gives it one. */
const nodeTakesAddresses = Number.parseInt(process.versions.node, 10) < 26;
const families = [
  ['IPv4', '127.0.0.1', '127.0.0.1'],
  ['IPv6', '::1', '[::1]'],
] as const;

describe.each(families)('TLS over %s', (_family, host, written) => {
  it('accepts a certificate for the server name of the target', async () => {
    const { port } = await serve(named, host);
    const client = openClient(`static://echo.test/${written}:${port}`, {}, trusting(ca));
    await expect(ask(client)).resolves.toBe('named');
  });

  it('refuses a certificate for another name', async () => {
    const { port } = await serve(named, host);
    const client = openClient(`static://other.test/${written}:${port}`, {}, trusting(ca));
    await expect(ask(client)).rejects.toMatchObject({
      code: 14,
      details: expect.stringContaining('other.test'),
    });
  });

  it.runIf(nodeTakesAddresses && (host === '127.0.0.1' || nodeVerifiesIpv6))(
    'verifies the address itself where the target names no server',
    async () => {
      const [good, bad] = [await serve(numbered, host), await serve(named, host)];
      await expect(ask(openClient(`static:${written}:${good.port}`, {}, trusting(ca)))).resolves.toBe(
        'numbered',
      );
      await expect(ask(openClient(`static:${written}:${bad.port}`, {}, trusting(ca)))).rejects.toMatchObject({
        code: 14,
      });
    },
  );

  it('proves the client to a server that asks for it', async () => {
    const { port } = await serve(named, host, true);
    const target = `static://echo.test/${written}:${port}`;
    await expect(ask(openClient(target, {}, trusting(ca, clientPair)))).resolves.toBe('named');
    await expect(ask(openClient(target, {}, trusting(ca)))).rejects.toMatchObject({ code: 14 });
  });
});

describe('TLS', () => {
  it('verifies the first host name of a static: target', async () => {
    const { port } = await serve(numbered, '127.0.0.1');
    const client = openClient(`static:localhost:${port}`, {}, trusting(ca));
    await expect(ask(client)).rejects.toMatchObject({
      code: 14,
      details: expect.stringContaining('localhost'),
    });
  });

  it.runIf(nodeTakesAddresses && nodeVerifiesIpv6)(
    'strips the zone id from the name that it verifies',
    async () => {
      const { port } = await serve(numbered, '::1');
      const client = openClient(`static:[::1%lo]:${port}`, {}, trusting(ca));
      await expect(ask(client)).resolves.toBe('numbered');
    },
  );

  it('gives way to grpc.ssl_target_name_override, not to grpc.default_authority', async () => {
    const { port } = await serve(named, '127.0.0.1');
    const target = `static://other.test/127.0.0.1:${port}`;
    const override = { 'grpc.ssl_target_name_override': 'echo.test' };
    await expect(ask(openClient(target, override, trusting(ca)))).resolves.toBe('named');
    const authority = { 'grpc.default_authority': 'echo.test' };
    await expect(ask(openClient(target, authority, trusting(ca)))).rejects.toMatchObject({ code: 14 });
  });

  it('verifies the serverName of a manual resolver', async () => {
    const { port } = await serve(named, '127.0.0.1');
    const endpoints = [`127.0.0.1:${port}`];
    const good = createManualResolver({ endpoints, serverName: 'echo.test' });
    const bad = createManualResolver({ endpoints });
    await expect(ask(openClient(good.target, {}, trusting(ca)))).resolves.toBe('named');
    await expect(ask(openClient(bad.target, {}, trusting(ca)))).rejects.toMatchObject({ code: 14 });
  });

  it.each(families)('verifies the host of a dns+refresh: target, over %s', async (_family, host) => {
    const { port } = await serve(named, host);
    const dns = await DnsServer.start();
    for (const name of ['echo.test', 'other.test']) dns.setHost(name, [host]);
    const target = (name: string): string => `dns+refresh://${dns.address}/${name}:${port}`;
    await expect(ask(openClient(target('echo.test'), {}, trusting(ca)))).resolves.toBe('named');
    await expect(ask(openClient(target('other.test'), {}, trusting(ca)))).rejects.toMatchObject({
      code: 14,
      details: expect.stringContaining('other.test'),
    });
  });

  it('verifies NAME of an srv: target, whatever the hosts of its records are called', async () => {
    const { port } = await serve(named, '127.0.0.1');
    const dns = await DnsServer.start();
    for (const name of ['echo.test', 'other.test']) {
      dns.setSrv(`_grpc._tcp.${name}`, [{ target: 'pod-0.test', port }]);
    }
    dns.setHost('pod-0.test', ['127.0.0.1']);
    const target = (name: string): string => `srv://${dns.address}/_grpc._tcp.${name}`;
    await expect(ask(openClient(target('echo.test'), {}, trusting(ca)))).resolves.toBe('named');
    await expect(ask(openClient(target('other.test'), {}, trusting(ca)))).rejects.toMatchObject({ code: 14 });
  });
});
