/**
 * Where events are written: a line of text or a JSON object on stdout, errors
 * on stderr.
 */
import { describeEvent, type ServerEvent } from './server-event.js';

export interface EventLogOptions {
  /** Errors only. */
  readonly quiet: boolean;
  readonly json: boolean;
}

export function eventLog({ quiet, json }: EventLogOptions): (event: ServerEvent) => void {
  return (event) => {
    const isError = event.event === 'error';
    if (quiet && !isError) return;
    const line = json ? JSON.stringify({ time: new Date().toISOString(), ...event }) : describeEvent(event);
    if (line !== undefined) (isError ? process.stderr : process.stdout).write(`${line}\n`);
  };
}
