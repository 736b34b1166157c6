/**
 * An xDS control plane on the loopback (the aggregated discovery service, state
 * of the world): serves the clusters that a test sets, to grpc-js-xds.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import {
  type GrpcObject,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { Backend } from '@petiole/test-kit/backend';

const ENVOY = 'type.googleapis.com/envoy';
const LISTENER = `${ENVOY}.config.listener.v3.Listener`;
const CLUSTER = `${ENVOY}.config.cluster.v3.Cluster`;
const ASSIGNMENT = `${ENVOY}.config.endpoint.v3.ClusterLoadAssignment`;

/** A message inside `google.protobuf.Any`: protobuf.js packs what has an `@type`. */
export type Packed = { readonly '@type': string } & Record<string, unknown>;

interface DiscoveryRequest {
  readonly type_url: string;
  readonly resource_names: readonly string[];
  readonly response_nonce: string;
  readonly error_detail: { readonly message: string } | null;
}

type Stream = ServerDuplexStream<DiscoveryRequest, object>;

export interface Cluster {
  readonly backends: readonly Backend[];
  /** The `load_balancing_policy` of the cluster: the policies to choose from. */
  readonly policies: readonly Packed[];
}

export class AdsServer {
  /** What the client has refused of what it was sent (NACK). */
  readonly refusals: string[] = [];
  private readonly server = new Server();
  private readonly clusters: Map<string, Cluster> = new Map();
  /** What each stream has asked for, by type. */
  private readonly wanted: Map<Stream, Map<string, readonly string[]>> = new Map();
  private version = 0;
  /** The newest version of the clusters that the client has accepted or refused. */
  private answered = 0;
  private readonly observers: Set<() => void> = new Set();
  private port = 0;

  static async start(): Promise<AdsServer> {
    const ads = new AdsServer();
    ads.server.addService(discoveryService(), {
      StreamAggregatedResources: (stream: Stream) => ads.serve(stream),
      DeltaAggregatedResources: (stream: Stream) => stream.end(),
    });
    ads.port = await new Promise<number>((resolve, reject) =>
      ads.server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      ),
    );
    return ads;
  }

  /** For the environment variable GRPC_XDS_BOOTSTRAP_CONFIG. */
  get bootstrap(): string {
    return JSON.stringify({
      xds_servers: [
        {
          server_uri: `127.0.0.1:${this.port}`,
          channel_creds: [{ type: 'insecure' }],
          server_features: ['xds_v3'],
        },
      ],
      node: { id: 'petiole-test', locality: {} },
    });
  }

  /** Serves `xds:///<name>`, or changes what it serves: see {@link untilAnswered}. */
  set(name: string, cluster: Cluster): void {
    this.clusters.set(name, cluster);
    this.version++;
    for (const [stream, types] of this.wanted) for (const type of types.keys()) this.send(stream, type);
  }

  /** Until the client has accepted or refused the newest clusters. */
  async untilAnswered(): Promise<void> {
    while (this.answered < this.version) {
      await new Promise<void>((resolve) => this.observers.add(resolve));
    }
  }

  stop(): void {
    this.server.forceShutdown();
  }

  private serve(stream: Stream): void {
    const types = new Map<string, readonly string[]>();
    this.wanted.set(stream, types);
    stream.on('data', (request: DiscoveryRequest) => {
      if (request.error_detail !== null) this.refusals.push(request.error_detail.message);
      if (request.type_url === CLUSTER)
        this.answered = Math.max(this.answered, Number(request.response_nonce));
      for (const observer of this.observers) observer();
      this.observers.clear();
      const before = types.get(request.type_url);
      types.set(request.type_url, request.resource_names);
      // An acknowledgement asks for what was asked for before.
      const news = request.resource_names.some((name) => !before?.includes(name));
      if (news) this.send(stream, request.type_url);
    });
    for (const event of ['end', 'cancelled', 'error']) stream.on(event, () => this.wanted.delete(stream));
    stream.on('end', () => stream.end());
  }

  private send(stream: Stream, type: string): void {
    const resources = (this.wanted.get(stream)?.get(type) ?? []).flatMap((name) => {
      const cluster = this.clusters.get(name);
      return cluster === undefined ? [] : [resource(type, name, cluster)];
    });
    stream.write({ version_info: `${this.version}`, nonce: `${this.version}`, type_url: type, resources });
  }
}

/** Listener, cluster and endpoints of one target bear its name; the listener carries the route. */
function resource(type: string, name: string, { backends, policies }: Cluster): Packed {
  switch (type) {
    case LISTENER:
      return {
        '@type': LISTENER,
        name,
        api_listener: {
          api_listener: {
            '@type': `${ENVOY}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
            route_config: {
              name,
              virtual_hosts: [
                { name, domains: ['*'], routes: [{ match: { prefix: '' }, route: { cluster: name } }] },
              ],
            },
            http_filters: [
              {
                name: 'router',
                typed_config: { '@type': `${ENVOY}.extensions.filters.http.router.v3.Router` },
              },
            ],
          },
        },
      };
    case CLUSTER:
      return {
        '@type': CLUSTER,
        name,
        type: 'EDS',
        eds_cluster_config: { eds_config: { ads: {} }, service_name: name },
        load_balancing_policy: {
          policies: policies.map((typed_config) => ({
            typed_extension_config: { name: 'policy', typed_config },
          })),
        },
      };
    case ASSIGNMENT:
      return {
        '@type': ASSIGNMENT,
        cluster_name: name,
        endpoints: [
          {
            locality: { region: 'loopback' },
            load_balancing_weight: { value: 1 },
            lb_endpoints: backends.map(({ host, port }) => ({
              endpoint: { address: { socket_address: { address: host, port_value: port } } },
            })),
          },
        ],
      };
    default:
      throw new Error(`the test serves no ${type}`);
  }
}

/** A custom policy as gRFC A52 has it: the name of the policy in the type, its config as a Struct. */
export function typedStruct(policy: string, config: Readonly<Record<string, unknown>>): Packed {
  return {
    '@type': 'type.googleapis.com/xds.type.v3.TypedStruct',
    type_url: `type.googleapis.com/${policy}`,
    value: struct(config),
  };
}

function struct(json: Readonly<Record<string, unknown>>): object {
  return {
    fields: Object.fromEntries(Object.entries(json).map(([key, value]) => [key, structValue(value)])),
  };
}

function structValue(value: unknown): object {
  if (Array.isArray(value)) return { listValue: { values: value.map(structValue) } };
  if (typeof value === 'number') return { numberValue: value };
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (value === null) return { nullValue: 'NULL_VALUE' };
  return { structValue: struct(value as Record<string, unknown>) };
}

/** The definitions are those that grpc-js-xds ships for itself. */
function discoveryService(): ServiceClientConstructor['service'] {
  const xds = dirname(createRequire(import.meta.url).resolve('@grpc/grpc-js-xds/package.json'));
  const definitions = loadSync(
    [
      'envoy/service/discovery/v3/ads.proto',
      'envoy/config/listener/v3/listener.proto',
      'envoy/config/cluster/v3/cluster.proto',
      'envoy/config/endpoint/v3/endpoint.proto',
      'envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto',
      'envoy/extensions/filters/http/router/v3/router.proto',
      'envoy/extensions/load_balancing_policies/wrr_locality/v3/wrr_locality.proto',
      'xds/type/v3/typed_struct.proto',
    ],
    {
      keepCase: true,
      longs: String,
      enums: String,
      defaults: true,
      oneofs: true,
      includeDirs: ['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'].map((dir) =>
        join(xds, 'deps', dir),
      ),
    },
  );
  let at: GrpcObject | GrpcObject[string] = loadPackageDefinition(definitions);
  for (const name of ['envoy', 'service', 'discovery', 'v3', 'AggregatedDiscoveryService']) {
    at = (at as GrpcObject)[name] as GrpcObject[string];
  }
  return (at as ServiceClientConstructor).service;
}
