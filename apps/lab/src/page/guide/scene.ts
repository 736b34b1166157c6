/** What steps of the guide begin with: the three servers as they were, a load and a service config. */
import type { Action, LoadSettings, ServerState } from '../../protocol.js';
import { format, type JsonObject } from '../config/json.js';
import { canCheckHealth, withHealthChecks } from '../config/service-config.js';
import type { Lab } from '../lab/lab.js';
import { all } from '../link/apply-setup.js';

export interface Scene {
  readonly policy: JsonObject;
  /** Further fields of the service config. */
  readonly config?: JsonObject;
  readonly load?: Partial<LoadSettings>;
  /** Default: true where the policy can. Each check takes a stream. */
  readonly checksHealth?: boolean;
  /** By server id: how it differs from one without faults. */
  readonly servers?: Readonly<Record<number, Omit<Extract<Action, { do: 'set-server' }>, 'do' | 'server'>>>;
}

const QUIET: LoadSettings = { rate: 20, concurrency: 10, kind: 'unary' };

/** With health checks, where the policy has them: those of grpc-js do not. */
export function serviceConfig(
  lab: Lab,
  policy: JsonObject,
  config: JsonObject = {},
  checksHealth = true,
): string {
  const loadBalancingConfig = [policy];
  const isChecked = checksHealth && canCheckHealth(lab.policies, loadBalancingConfig);
  return format(withHealthChecks({ loadBalancingConfig, ...config }, isChecked));
}

/** False if something was refused; the page says what. */
export async function set(
  lab: Lab,
  { policy, config, load, checksHealth, servers = {} }: Scene,
): Promise<boolean> {
  lab.replaceDraft(undefined);
  if (!(await lab.act({ do: 'reset' }))) return false;
  if (!(await lab.until((state) => state.servers.length === 3 && state.servers.every(serves)))) return false;
  const isDone = await all(lab, [
    ...Object.entries(servers).map(
      ([id, told]): Action => ({ do: 'set-server', server: Number(id), ...told }),
    ),
    { do: 'set-load', ...QUIET, ...load },
    { do: 'set-service-config', json: serviceConfig(lab, policy, config, checksHealth) },
  ]);
  // Some settings open a server anew.
  return isDone && lab.until((state) => state.servers.every(serves));
}

export function serves({ phase }: ServerState): boolean {
  return phase === 'serving';
}
