import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { dump } from 'js-yaml';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findCluster } from '../../src/api/find-cluster.js';

interface Named {
  readonly name: string;
  readonly [field: string]: unknown;
}

interface Kubeconfig {
  readonly 'current-context'?: string;
  readonly contexts?: readonly Named[];
  readonly clusters?: readonly Named[];
  readonly users?: readonly Named[];
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'petiole-kubeconfig-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Writes a kubeconfig, and whatever files it names. */
function write(config: Kubeconfig | string, files: Readonly<Record<string, string>> = {}): string {
  const path = folder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  writeFileSync(join(path, 'config'), typeof config === 'string' ? config : dump(config));
  return join(path, 'config');
}

const find = (KUBECONFIG: string, context?: string) =>
  findCluster(context, { env: { KUBECONFIG }, serviceAccount: '/nowhere' });

const KIND: Kubeconfig = {
  'current-context': 'kind',
  contexts: [
    { name: 'kind', context: { cluster: 'local', user: 'admin' } },
    { name: 'prod', context: { cluster: 'far', user: 'reader', namespace: 'shop' } },
  ],
  clusters: [
    {
      name: 'local',
      cluster: { server: 'https://127.0.0.1:6443', 'certificate-authority-data': btoa('a CA') },
    },
    {
      name: 'far',
      cluster: {
        server: 'https://k8s.example/k8s/clusters/c-1',
        'certificate-authority': 'ca.pem',
        'tls-server-name': 'kubernetes',
      },
    },
  ],
  users: [
    {
      name: 'admin',
      user: { 'client-certificate-data': btoa('a certificate'), 'client-key-data': btoa('a key') },
    },
    { name: 'reader', user: { token: 'old', tokenFile: 'token' } },
  ],
};

describe('a kubeconfig', () => {
  it('gives the cluster of its current context, with a client certificate', async () => {
    expect(await find(write(KIND))).toEqual({
      server: new URL('https://127.0.0.1:6443'),
      namespace: 'default',
      token: undefined,
      tls: {
        ca: 'a CA',
        cert: 'a certificate',
        key: 'a key',
        servername: undefined,
        rejectUnauthorized: true,
      },
      source: 'context "kind" of the kubeconfig',
    });
  });

  it('gives that of another context, with files beside the kubeconfig and a token that is read anew', async () => {
    const path = write(KIND, { 'ca.pem': 'another CA', token: 'first\n' });
    expect(await find(path, 'prod')).toMatchObject({
      server: new URL('https://k8s.example/k8s/clusters/c-1'),
      namespace: 'shop',
      token: 'first',
      tls: { ca: 'another CA', servername: 'kubernetes' },
    });
    writeFileSync(join(path, '../token'), 'second\n');
    expect(await find(path, 'prod')).toMatchObject({ token: 'second' });
  });

  it('may be several files, of which the first that has a name wins and some may be missing', async () => {
    const mine = {
      'current-context': 'prod',
      clusters: [{ name: 'far', cluster: { server: 'https://mine:1' } }],
    };
    const paths = ['/nowhere/config', write(mine), write(KIND, { token: 'x', 'ca.pem': '' })];
    expect(await find(paths.join(delimiter))).toMatchObject({
      server: new URL('https://mine:1'),
      namespace: 'shop',
    });
  });

  it('may skip verification, where it says so', async () => {
    const cluster = { server: 'https://a:1', 'insecure-skip-tls-verify': true };
    const path = write({ ...KIND, clusters: [{ name: 'local', cluster }] });
    expect((await find(path)).tls.rejectUnauthorized).toBe(false);
  });

  it('goes before the cluster of the pod where KUBECONFIG is set or the target names a context', async () => {
    const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBECONFIG: write(KIND) };
    expect((await findCluster(undefined, { env, serviceAccount: '/nowhere' })).server.host).toBe(
      '127.0.0.1:6443',
    );
  });

  const withUser = (user: object): Kubeconfig => ({ ...KIND, users: [{ name: 'admin', user }] });
  const withCluster = (cluster: object): Kubeconfig => ({ ...KIND, clusters: [{ name: 'local', cluster }] });
  it.each<[string, Kubeconfig | string, string]>([
    [
      'has a program for credentials',
      withUser({ exec: { command: 'aws' } }),
      'user "admin" of the kubeconfig gets its credentials from a program, which this package does not run; give it a token, such as "kubectl create token SERVICEACCOUNT" prints (exec)',
    ],
    [
      'has an auth-provider',
      withUser({ 'auth-provider': { name: 'gcp' } }),
      'user "admin" of the kubeconfig has an auth-provider',
    ],
    [
      'has a password',
      withUser({ username: 'me', password: 'secret' }),
      'user "admin" of the kubeconfig has a password',
    ],
    ['impersonates', withUser({ as: 'root' }), 'user "admin" of the kubeconfig acts as somebody else'],
    [
      'goes through a proxy',
      withCluster({ server: 'https://a', 'proxy-url': 'http://p' }),
      'cluster "local" of the kubeconfig is reached through a proxy',
    ],
    [
      'has no TLS',
      withCluster({ server: 'http://127.0.0.1:8001' }),
      'server of cluster "local" of the kubeconfig must be an https: URL, got "http://127.0.0.1:8001"',
    ],
    ['has a cluster without a server', withCluster({}), 'cluster "local" of the kubeconfig has no server'],
    ['names a file that is not there', withUser({ tokenFile: 'gone' }), 'gone": ENOENT'],
    [
      'misspells a name',
      { ...KIND, 'current-context': 'kimd' },
      'the kubeconfig has no context "kimd"; did you mean "kind"?',
    ],
    ['lacks a user', { ...KIND, users: [] }, 'the kubeconfig has no user "admin"; it has none'],
    [
      'has no current context',
      { contexts: [] },
      'the kubeconfig has no current-context, and the target names none',
    ],
    ['is no YAML', 'a: b: c', 'is no YAML'],
    ['is no object', 'hello', 'must be a kubeconfig, got "hello"'],
  ])('that %s is refused with a sentence', async (_, config, message) => {
    await expect(find(write(config))).rejects.toThrow(message);
  });

  it('that is not there is missed, and so is the pod', async () => {
    await expect(find('/nowhere/config')).rejects.toThrow(
      'there is no kubeconfig "/nowhere/config", and KUBERNETES_SERVICE_HOST is not set as it is in a pod',
    );
  });
});

describe('in a pod', () => {
  const files = (): string => {
    const path = folder();
    for (const [name, text] of Object.entries({ token: 'first\n', 'ca.crt': 'a CA', namespace: 'shop' })) {
      writeFileSync(join(path, name), text);
    }
    return path;
  };

  it('the cluster is that of the service account, whose files are read anew', async () => {
    const serviceAccount = files();
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
    const cluster = {
      server: new URL('https://[fd00::1]:6443'),
      namespace: 'shop',
      token: 'first',
      tls: { ca: 'a CA' },
    };
    expect(await findCluster(undefined, { env, serviceAccount })).toMatchObject(cluster);
    writeFileSync(join(serviceAccount, 'token'), 'second\n');
    expect(await findCluster(undefined, { env, serviceAccount })).toMatchObject({
      ...cluster,
      token: 'second',
    });
  });

  it('a file that is missing, or a variable that is no host, is named', async () => {
    const at = (host: string, serviceAccount: string) =>
      findCluster(undefined, { env: { KUBERNETES_SERVICE_HOST: host }, serviceAccount });
    await expect(at('10.0.0.1', '/nowhere')).rejects.toThrow('cannot read "/nowhere/token": ENOENT');
    await expect(at('a b', files())).rejects.toThrow(
      'KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be',
    );
  });
});
