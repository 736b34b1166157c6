/** A kube-apiserver with RBAC and its etcd, on free ports of the loopback, and the API as its administrator. */

import { type ChildProcess, spawn } from 'node:child_process';
import { createSign, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ApiObject } from '@petiole/test-kit/kubernetes/objects';
import type { Binaries } from './binaries.js';

const ISSUER = 'https://kubernetes.default.svc';
const ADMIN_TOKEN = 'admin';
const STARTING = 60_000;

export class ApiServer {
  readonly port: number;
  readonly #etcdPort: number;
  readonly #binaries: Binaries;
  readonly #folder: string;
  readonly #saKey: string;
  readonly #children: Record<'etcd' | 'apiServer', ChildProcess | undefined> = {
    etcd: undefined,
    apiServer: undefined,
  };

  private constructor(binaries: Binaries, ports: readonly number[]) {
    [this.port = 0, this.#etcdPort = 0] = ports;
    this.#binaries = binaries;
    this.#folder = mkdtempSync(join(tmpdir(), 'petiole-kubernetes-'));
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    this.#saKey = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    writeFileSync(join(this.#folder, 'sa.key'), this.#saKey);
    writeFileSync(join(this.#folder, 'sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    writeFileSync(join(this.#folder, 'tokens.csv'), `${ADMIN_TOKEN},admin,admin,"system:masters"\n`);
  }

  static async start(binaries: Binaries): Promise<ApiServer> {
    const server = new ApiServer(binaries, await freePorts(3));
    server.#children.etcd = server.#spawn('etcd', binaries.etcd, [
      '--unsafe-no-fsync',
      `--data-dir=${join(server.#folder, 'etcd')}`,
      `--listen-client-urls=${server.#etcd}`,
      `--advertise-client-urls=${server.#etcd}`,
      '--listen-peer-urls=http://127.0.0.1:0',
      '--log-level=error',
    ]);
    await server.startApiServer();
    return server;
  }

  /** Starts it, again after `stopApiServer`, and waits until it is ready. */
  async startApiServer(): Promise<void> {
    const file = (name: string): string => join(this.#folder, name);
    this.#children.apiServer = this.#spawn('apiserver', this.#binaries.apiServer, [
      `--etcd-servers=${this.#etcd}`,
      `--secure-port=${this.port}`,
      '--bind-address=127.0.0.1',
      // Without a default route there is no other to be found.
      '--advertise-address=192.0.2.1',
      `--cert-dir=${file('certificates')}`,
      `--service-account-key-file=${file('sa.pub')}`,
      `--service-account-signing-key-file=${file('sa.key')}`,
      `--service-account-issuer=${ISSUER}`,
      `--token-auth-file=${file('tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.0.0.0/24',
      '--disable-admission-plugins=ServiceAccount',
      '--shutdown-delay-duration=0s',
      // Lost history is then really lost: each watch reads etcd.
      '--watch-cache=false',
    ]);
    const until = performance.now() + STARTING;
    while ((await this.ask('GET', '/readyz').catch(() => ({ status: 0 }))).status !== 200) {
      if (performance.now() > until) throw new Error(`kube-apiserver was not ready in ${STARTING / 1000} s`);
      await pause(50);
    }
  }

  async stopApiServer(): Promise<void> {
    await stop(this.#children.apiServer);
  }

  async close(): Promise<void> {
    await stop(this.#children.apiServer);
    await stop(this.#children.etcd);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Asks the API, as the administrator unless there is another token. */
  ask(
    method: string,
    path: string,
    body?: ApiObject,
    token: string = ADMIN_TOKEN,
  ): Promise<{ readonly status: number; readonly body: ApiObject }> {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': contentType(method) };
    return new Promise((resolve, reject) => {
      request(
        { host: '127.0.0.1', port: this.port, method, path, headers, rejectUnauthorized: false },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('end', () => {
            const isJson = response.headers['content-type']?.includes('json') === true;
            resolve({
              status: response.statusCode ?? 0,
              body: isJson ? (JSON.parse(text) as ApiObject) : { text },
            });
          });
          response.on('error', reject);
        },
      )
        .on('error', reject)
        .end(body && JSON.stringify(body));
    });
  }

  /** Creates or replaces objects, as `kubectl apply` does. */
  async apply(...objects: readonly ApiObject[]): Promise<void> {
    for (const object of objects) {
      const path = `${pathOf(object)}?fieldManager=petiole&force=true`;
      this.#mustBe(await this.ask('PATCH', path, object), 200, 201);
    }
  }

  /** Deletes an object of which only kind, name and namespace count. */
  async delete(object: ApiObject): Promise<void> {
    this.#mustBe(await this.ask('DELETE', pathOf(object)), 200, 202, 404);
  }

  /** Makes etcd forget all versions but the present ones. */
  async compact(): Promise<void> {
    const { header } = (await this.#askEtcd('/v3/kv/range', { key: btoa('/') })) as {
      header: { revision: string };
    };
    await this.#askEtcd('/v3/kv/compaction', { revision: header.revision, physical: true });
  }

  /** A token of a service account, signed as the API server signs them, with an end of its own. */
  async token(namespace: string, name: string, expires: number): Promise<string> {
    const { body } = await this.ask('GET', `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`);
    const { uid } = body.metadata as { uid: string };
    const claims = {
      iss: ISSUER,
      aud: [ISSUER],
      sub: `system:serviceaccount:${namespace}:${name}`,
      iat: Math.floor(expires) - 3600,
      nbf: Math.floor(expires) - 3600,
      exp: Math.floor(expires),
      'kubernetes.io': { namespace, serviceaccount: { name, uid } },
    };
    const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
    const signed = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`;
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(this.#saKey, 'base64url')}`;
  }

  get #etcd(): string {
    return `http://127.0.0.1:${this.#etcdPort}`;
  }

  #askEtcd(path: string, body: object): Promise<unknown> {
    return new Promise((resolve, reject) => {
      httpRequest(this.#etcd + path, { method: 'POST' }, async (response) => {
        const chunks = await response.toArray();
        resolve(JSON.parse(Buffer.concat(chunks as Buffer[]).toString()));
      })
        .on('error', reject)
        .end(JSON.stringify(body));
    });
  }

  #mustBe({ status, body }: { status: number; body: ApiObject }, ...allowed: readonly number[]): void {
    if (!allowed.includes(status)) throw new Error(`the API server says ${status}: ${JSON.stringify(body)}`);
  }

  #spawn(name: string, program: string, args: readonly string[]): ChildProcess {
    const log = openSync(join(this.#folder, `${name}.log`), 'a');
    return spawn(program, args, { stdio: ['ignore', log, log] });
  }
}

function contentType(method: string): string {
  return method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json';
}

const PATHS: Readonly<Record<string, string>> = {
  Namespace: '/api/v1/namespaces',
  Service: '/api/v1/namespaces/NS/services',
  ServiceAccount: '/api/v1/namespaces/NS/serviceaccounts',
  Pod: '/api/v1/namespaces/NS/pods',
  Deployment: '/apis/apps/v1/namespaces/NS/deployments',
  StatefulSet: '/apis/apps/v1/namespaces/NS/statefulsets',
  EndpointSlice: '/apis/discovery.k8s.io/v1/namespaces/NS/endpointslices',
  Role: '/apis/rbac.authorization.k8s.io/v1/namespaces/NS/roles',
  RoleBinding: '/apis/rbac.authorization.k8s.io/v1/namespaces/NS/rolebindings',
};

function pathOf({ kind, metadata }: ApiObject): string {
  const { name, namespace = 'default' } = metadata as { name: string; namespace?: string };
  const path = PATHS[String(kind)];
  if (path === undefined) throw new Error(`nobody has said where objects of kind ${String(kind)} are`);
  return `${path.replace('NS', namespace)}/${name}`;
}

async function stop(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await closed;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
