/** What an action is called where it stands in the plots. Empty: it changes nothing that one would look for there. */
import type { Action, LoadSettings } from '../protocol.js';
import type { LabServer } from './servers/lab-server.js';

const DONE = {
  start: 'started',
  stop: 'stopped',
  freeze: 'frozen',
  thaw: 'thawed',
  remove: 'removed',
} as const;

export function markOf(action: Exclude<Action, { do: 'set-service-config' }>, before: MarkContext): string {
  switch (action.do) {
    case 'reset':
      return 'reset';
    case 'add-server':
      return 'server added';
    case 'set-load':
      return loadMark(action, before.load);
    case 'set-server':
      return serverMark(action, before.server(action.server));
    default:
      return `server ${action.server} ${DONE[action.do]}`;
  }
}

/** How it was before. */
export interface MarkContext {
  readonly load: LoadSettings;
  server(id: number): LabServer;
}

function loadMark({ rate, concurrency, kind }: Partial<LoadSettings>, before: LoadSettings): string {
  const words = [
    rate === undefined || rate === before.rate ? [] : [`${rate}/s`],
    concurrency === undefined || concurrency === before.concurrency ? [] : [`${concurrency} at once`],
    kind === undefined || kind === before.kind ? [] : [kind],
  ];
  return words.flat().join(', ');
}

function serverMark(
  { server, healthy, delayMs, errorRate, dualStack, streamLimit }: Extract<Action, { do: 'set-server' }>,
  { settings: before }: LabServer,
): string {
  const limit = streamLimit === null ? 'no limit of streams' : `${streamLimit} streams`;
  const words = [
    healthy === undefined || healthy === before.healthy ? [] : [healthy ? 'healthy' : 'not healthy'],
    delayMs === undefined || delayMs === before.delayMs ? [] : [`+${delayMs} ms`],
    errorRate === undefined || errorRate === before.errorRate
      ? []
      : [`${Math.round(errorRate * 100)} % errors`],
    dualStack === undefined || dualStack === before.dualStack
      ? []
      : [dualStack ? 'dual-stack' : 'one address'],
    streamLimit === undefined || (streamLimit ?? undefined) === before.streamLimit ? [] : [limit],
  ].flat();
  return words.length === 0 ? '' : `server ${server} ${words.join(', ')}`;
}
