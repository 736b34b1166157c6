/** An API server, and what it knows us by. */
import { readFile } from 'node:fs/promises';
import { messageOf, quote } from '@petiole/service-config/internal';

export interface Cluster {
  /** Always `https:`; the paths of the API begin behind its own path. */
  readonly server: URL;
  /** For a target that names none. */
  readonly namespace: string;
  readonly token: string | undefined;
  readonly tls: ClusterTls;
  /** Where this was read, for messages: `the service account of this pod`, `context "kind" of the kubeconfig`. */
  readonly source: string;
}

/** Options of `tls.connect`. */
export interface ClusterTls {
  readonly ca?: string | Buffer | undefined;
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  readonly servername?: string | undefined;
  readonly rejectUnauthorized?: boolean | undefined;
}

/** A file that must be there. */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Error(`cannot read ${quote(path)}: ${messageOf(error)}`);
  }
}
