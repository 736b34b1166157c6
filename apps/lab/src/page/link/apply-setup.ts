/** Makes the lab as a setup says: as many servers, each as it is there, the load and the service config. */
import type { Action } from '../../protocol.js';
import type { Lab } from '../lab/lab.js';
import { actionsFor, type Setup } from './setup.js';

/** Ends at the first thing that is refused; the page says which. */
export async function applySetup(lab: Lab, { servers, load, serviceConfig }: Setup): Promise<boolean> {
  const superfluous = lab.servers.slice(servers.length);
  const missing = Math.max(0, servers.length - lab.servers.length);
  const counted: readonly Action[] = [
    ...superfluous.map(({ id }): Action => ({ do: 'remove', server: id })),
    ...Array.from({ length: missing }, (): Action => ({ do: 'add-server' })),
  ];
  if (!(await all(lab, counted))) return false;
  if (!(await lab.until((state) => state.servers.length === servers.length))) return false;
  const settled = lab.servers.flatMap((server, index) => {
    const wanted = servers[index];
    return wanted === undefined ? [] : actionsFor(server, wanted);
  });
  return all(lab, [
    ...settled,
    { do: 'set-load', ...load },
    { do: 'set-service-config', json: serviceConfig },
  ]);
}

/** One after the other. */
export async function all(lab: Lab, actions: readonly Action[]): Promise<boolean> {
  for (const action of actions) if (!(await lab.act(action))) return false;
  return true;
}
