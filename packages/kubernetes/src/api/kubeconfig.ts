/**
 * A context of the kubeconfig, for programs that run outside of the cluster. `KUBECONFIG` may name several files: each
 * cluster, user and context is that of the first file that has it. YAML is loaded when a kubeconfig is.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { isJson, type Json, messageOf, nearMiss, own, quote, show } from '@petiole/service-config/internal';
import { type Cluster, readText } from './cluster.js';

/** A kubeconfig, and the folder that its paths begin at. */
interface ConfigFile {
  readonly path: string;
  readonly content: Json;
}

/** One named entry of a kubeconfig. */
interface Entry {
  /** For messages: `user "admin"`. */
  readonly name: string;
  readonly folder: string;
  readonly fields: Json;
}

/**
 * @param wanted a name; undefined for the current one.
 * @param paths the value of `KUBECONFIG`; empty for `~/.kube/config`.
 * @throws Error that names the file or field that is wrong.
 */
export async function clusterOfContext(wanted: string | undefined, paths: string): Promise<Cluster> {
  const files = await readFiles(paths === '' ? [join(homedir(), '.kube', 'config')] : paths.split(delimiter));
  const current = files.map(({ content }) => content['current-context']).find(Boolean);
  const name = wanted ?? textOf(current);
  if (name === undefined) throw new Error(`the kubeconfig has no current-context, and the target names none`);
  const context = find(files, 'context', name);
  const cluster = find(files, 'cluster', required(context, 'cluster'));
  const user = find(files, 'user', required(context, 'user'));
  refuse(cluster, 'proxy-url', 'is reached through a proxy, which this package does not use');
  refuse(
    user,
    'exec',
    `gets its credentials from a program, which this package does not run; ${TOKEN_INSTEAD}`,
  );
  refuse(user, 'auth-provider', `has an auth-provider, which Kubernetes 1.26 has removed; ${TOKEN_INSTEAD}`);
  refuse(user, 'username', `has a password, which Kubernetes 1.19 has removed; ${TOKEN_INSTEAD}`);
  refuse(user, 'as', 'acts as somebody else (impersonation), which this package does not do');
  const [ca, cert, key, tokenFile] = await Promise.all([
    pem(cluster, 'certificate-authority'),
    pem(user, 'client-certificate'),
    pem(user, 'client-key'),
    fileOf(user, 'tokenFile'),
  ]);
  return {
    server: serverOf(cluster),
    namespace: textOf(context.fields.namespace) ?? 'default',
    token: tokenFile?.trim() ?? textOf(user.fields.token),
    tls: {
      ca,
      cert,
      key,
      servername: textOf(cluster.fields['tls-server-name']),
      rejectUnauthorized: cluster.fields['insecure-skip-tls-verify'] !== true,
    },
    source: `${context.name} of the kubeconfig`,
  };
}

const TOKEN_INSTEAD = 'give it a token, such as "kubectl create token SERVICEACCOUNT" prints';

async function readFiles(paths: readonly string[]): Promise<ConfigFile[]> {
  // As kubectl does: of several files, some may be missing.
  const there = paths.filter((path) => path !== '' && existsSync(path));
  if (there.length === 0) {
    throw new Error(
      `there is no kubeconfig ${paths.map(quote).join(', ')}, and KUBERNETES_SERVICE_HOST is not set as it is in a pod`,
    );
  }
  const { load } = await import('#yaml');
  return Promise.all(
    there.map(async (path) => {
      const text = await readText(path);
      let content: unknown;
      try {
        content = load(text, { filename: path });
      } catch (error) {
        throw new Error(`${quote(path)} is no YAML: ${messageOf(error)}`);
      }
      if (!isJson(content)) throw new Error(`${quote(path)} must be a kubeconfig, got ${show(content)}`);
      return { path, content };
    }),
  );
}

function find(files: readonly ConfigFile[], kind: 'context' | 'cluster' | 'user', name: string): Entry {
  const names: string[] = [];
  for (const { path, content } of files) {
    const entries = content[`${kind}s`];
    for (const entry of Array.isArray(entries) ? entries.filter(isJson) : []) {
      if (entry.name === name) {
        return { name: `${kind} ${quote(name)}`, folder: dirname(path), fields: own(entry[kind]) };
      }
      names.push(String(entry.name));
    }
  }
  const near = nearMiss(name, names);
  const hint =
    near === undefined
      ? `; it has ${names.slice(0, 10).map(quote).join(', ') || 'none'}`
      : `; did you mean ${quote(near)}?`;
  throw new Error(`the kubeconfig has no ${kind} ${quote(name)}${hint}`);
}

function required({ name, fields }: Entry, field: string): string {
  const text = textOf(fields[field]);
  if (text === undefined) throw new Error(`${name} of the kubeconfig has no ${field}`);
  return text;
}

function refuse({ name, fields }: Entry, field: string, why: string): void {
  if (fields[field] !== undefined && fields[field] !== null) {
    throw new Error(`${name} of the kubeconfig ${why} (${field})`);
  }
}

function serverOf(cluster: Entry): URL {
  const server = required(cluster, 'server');
  if (!URL.canParse(server) || new URL(server).protocol !== 'https:') {
    throw new Error(
      `server of ${cluster.name} of the kubeconfig must be an https: URL, got ${quote(server)}`,
    );
  }
  return new URL(server);
}

/** The field with `-data` holds the text itself, in Base64, and goes before the one with a path. */
async function pem(entry: Entry, field: string): Promise<string | undefined> {
  const data = textOf(entry.fields[`${field}-data`]);
  return data === undefined ? fileOf(entry, field) : Buffer.from(data, 'base64').toString();
}

async function fileOf({ folder, fields }: Entry, field: string): Promise<string | undefined> {
  const path = textOf(fields[field]);
  return path === undefined ? undefined : readText(resolve(folder, path));
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
