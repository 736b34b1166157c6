/**
 * Where a scenario happens: at the real API server, or at what was recorded of it. A scenario is told once for both: what it
 * does to the cluster stands in steps, which the record answers with what came of them.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Gateway, type Upstream } from '@petiole/test-kit/kubernetes/gateway';
import type { Surroundings } from '../../src/api/service-account.js';
import type { ApiServer } from '../api-server/api-server.js';
import type { RealUpstream } from '../api-server/real-upstream.js';
import type { Recorded } from './record.js';
import { Replay } from './replay.js';

/** What a step may do. */
export interface Real {
  readonly api: ApiServer;
  readonly upstream: RealUpstream;
  /** Replaces the token of the service account. */
  setToken(token: string): void;
}

export interface World {
  readonly namespace: string;
  readonly gateway: Gateway;
  /** As in a pod of the namespace. */
  readonly surroundings: Surroundings;
  /** A folder that ends with the world. */
  readonly folder: string;
  readonly token: string;
  /** Does something to the cluster. What came of it may still be on its way. */
  step(act: (real: Real) => Promise<void>): Promise<void>;
}

/** A new namespace, with nothing in it but a service account that may watch slices. */
export type OpenWorld = () => Promise<World>;

/** The world of a record. */
export async function openReplay(namespace: string, recorded: readonly Recorded[]): Promise<ReplayWorld> {
  const replay = new Replay(recorded);
  return new ReplayWorld(namespace, await Gateway.start(replay), replay);
}

/** A pod whose API server is this one, for whatever a test wants to go wrong. */
export async function openWith<Answering extends Upstream>(
  namespace: string,
  upstream: Answering,
): Promise<PodWorld<Answering>> {
  return new PodWorld(namespace, await Gateway.start(upstream), upstream);
}

/** What a pod has: the environment, and the files of its service account. */
export class PodWorld<Answering extends Upstream = Upstream> {
  readonly namespace: string;
  readonly gateway: Gateway;
  readonly folder: string = mkdtempSync(join(tmpdir(), 'petiole-pod-'));
  readonly upstream: Answering;
  token = '';

  constructor(namespace: string, gateway: Gateway, upstream: Answering) {
    this.namespace = namespace;
    this.gateway = gateway;
    this.upstream = upstream;
    this.write('namespace', namespace);
    this.write('ca.crt', gateway.ca.cert);
    this.setToken('recorded');
  }

  get surroundings(): Surroundings {
    const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(this.gateway.port) };
    return { env, serviceAccount: this.folder };
  }

  setToken(token: string): void {
    this.token = token;
    this.write('token', token);
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  close(): void {
    this.gateway.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export class ReplayWorld extends PodWorld<Replay> implements World {
  async step(): Promise<void> {
    this.upstream.nextStep();
  }
}

export class RealWorld extends PodWorld<RealUpstream> implements World {
  readonly #api: ApiServer;

  constructor(namespace: string, gateway: Gateway, upstream: RealUpstream, api: ApiServer) {
    super(namespace, gateway, upstream);
    this.#api = api;
  }

  async step(act: (real: Real) => Promise<void>): Promise<void> {
    this.upstream.nextStep();
    await act({ api: this.#api, upstream: this.upstream, setToken: (token) => this.setToken(token) });
  }
}
