import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { credentials, ServerCredentials } from '@grpc/grpc-js';
import { generate } from 'selfsigned';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  createManualResolver,
  registerRefreshingDnsResolver,
  registerSrvResolver,
  registerStaticResolver,
} from '../src/index.js';
import { DnsServer } from './support/dns-server.js';
import { ask, makeClient, startServer } from './support/whoami.js';

registerStaticResolver();
registerSrvResolver();
registerRefreshingDnsResolver();

interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

type AltName = { readonly type: 2; readonly value: string } | { readonly type: 7; readonly ip: string };

let ca: KeyPair;
/** For echo.test alone. */
let named: KeyPair;
/** For 127.0.0.1 and ::1. */
let numbered: KeyPair;
let clientPair: KeyPair;

async function issue(
  commonName: string,
  altNames: AltName[],
  usage: 'serverAuth' | 'clientAuth',
): Promise<KeyPair> {
  const pair = await generate([{ name: 'commonName', value: commonName }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ca,
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'extKeyUsage', [usage]: true },
      { name: 'subjectAltName', altNames },
    ],
  });
  return { key: pair.private, cert: pair.cert };
}

beforeAll(async () => {
  const root = await generate([{ name: 'commonName', value: 'Petiole test CA' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  ca = { key: root.private, cert: root.cert };
  named = await issue('echo.test', [{ type: 2, value: 'echo.test' }], 'serverAuth');
  numbered = await issue(
    'numbers',
    [
      { type: 7, ip: '127.0.0.1' },
      { type: 7, ip: '::1' },
    ],
    'serverAuth',
  );
  clientPair = await issue('client', [{ type: 2, value: 'client.test' }], 'clientAuth');
});

const serve = (pair: KeyPair, host: string, mutual = false) =>
  startServer(
    pair === named ? 'named' : 'numbered',
    host,
    ServerCredentials.createSsl(
      Buffer.from(ca.cert),
      [{ private_key: Buffer.from(pair.key), cert_chain: Buffer.from(pair.cert) }],
      mutual,
    ),
  );
const trusting = (own?: KeyPair) =>
  credentials.createSsl(
    Buffer.from(ca.cert),
    own ? Buffer.from(own.key) : null,
    own ? Buffer.from(own.cert) : null,
  );
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
    const client = makeClient(`static://echo.test/${written}:${port}`, {}, trusting());
    await expect(ask(client)).resolves.toBe('named');
  });

  it('refuses a certificate for another name', async () => {
    const { port } = await serve(named, host);
    const client = makeClient(`static://other.test/${written}:${port}`, {}, trusting());
    await expect(ask(client)).rejects.toMatchObject({
      code: 14,
      details: expect.stringContaining('other.test'),
    });
  });

  it.runIf(nodeTakesAddresses && (host === '127.0.0.1' || nodeVerifiesIpv6))(
    'verifies the address itself where the target names no server',
    async () => {
      const [good, bad] = [await serve(numbered, host), await serve(named, host)];
      await expect(ask(makeClient(`static:${written}:${good.port}`, {}, trusting()))).resolves.toBe(
        'numbered',
      );
      await expect(ask(makeClient(`static:${written}:${bad.port}`, {}, trusting()))).rejects.toMatchObject({
        code: 14,
      });
    },
  );

  it('proves the client to a server that asks for it', async () => {
    const { port } = await serve(named, host, true);
    const target = `static://echo.test/${written}:${port}`;
    await expect(ask(makeClient(target, {}, trusting(clientPair)))).resolves.toBe('named');
    await expect(ask(makeClient(target, {}, trusting()))).rejects.toMatchObject({ code: 14 });
  });
});

describe('TLS', () => {
  it('verifies the first host name of a static: target', async () => {
    const { port } = await serve(numbered, '127.0.0.1');
    const client = makeClient(`static:localhost:${port}`, {}, trusting());
    await expect(ask(client)).rejects.toMatchObject({
      code: 14,
      details: expect.stringContaining('localhost'),
    });
  });

  it.runIf(nodeTakesAddresses && nodeVerifiesIpv6)(
    'strips the zone id from the name that it verifies',
    async () => {
      const { port } = await serve(numbered, '::1');
      const client = makeClient(`static:[::1%lo]:${port}`, {}, trusting());
      await expect(ask(client)).resolves.toBe('numbered');
    },
  );

  it('gives way to grpc.ssl_target_name_override, not to grpc.default_authority', async () => {
    const { port } = await serve(named, '127.0.0.1');
    const target = `static://other.test/127.0.0.1:${port}`;
    const override = { 'grpc.ssl_target_name_override': 'echo.test' };
    await expect(ask(makeClient(target, override, trusting()))).resolves.toBe('named');
    const authority = { 'grpc.default_authority': 'echo.test' };
    await expect(ask(makeClient(target, authority, trusting()))).rejects.toMatchObject({ code: 14 });
  });

  it('verifies the serverName of a manual resolver', async () => {
    const { port } = await serve(named, '127.0.0.1');
    const endpoints = [`127.0.0.1:${port}`];
    const good = createManualResolver({ endpoints, serverName: 'echo.test' });
    const bad = createManualResolver({ endpoints });
    await expect(ask(makeClient(good.target, {}, trusting()))).resolves.toBe('named');
    await expect(ask(makeClient(bad.target, {}, trusting()))).rejects.toMatchObject({ code: 14 });
  });

  it.each(families)('verifies the host of a dns+refresh: target, over %s', async (_family, host) => {
    const { port } = await serve(named, host);
    const dns = await DnsServer.start();
    for (const name of ['echo.test', 'other.test']) dns.setHost(name, [host]);
    const target = (name: string): string => `dns+refresh://${dns.address}/${name}:${port}`;
    await expect(ask(makeClient(target('echo.test'), {}, trusting()))).resolves.toBe('named');
    await expect(ask(makeClient(target('other.test'), {}, trusting()))).rejects.toMatchObject({
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
    await expect(ask(makeClient(target('echo.test'), {}, trusting()))).resolves.toBe('named');
    await expect(ask(makeClient(target('other.test'), {}, trusting()))).rejects.toMatchObject({ code: 14 });
  });
});
