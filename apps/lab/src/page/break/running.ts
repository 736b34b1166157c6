/** Whether a server runs, and what its buttons do about it. */
import type { Action, ServerState } from '../../protocol.js';

export function isRunning({ phase }: ServerState): boolean {
  return phase !== 'stopped' && phase !== 'failed';
}

export function toggleRunning(server: ServerState): Action {
  return { do: isRunning(server) ? 'stop' : 'start', server: server.id };
}

export function toggleFrozen({ phase, id }: ServerState): Action {
  return { do: phase === 'frozen' ? 'thaw' : 'freeze', server: id };
}

export function toggleHealth({ healthy, id }: ServerState): Action {
  return { do: 'set-server', server: id, healthy: !healthy };
}
