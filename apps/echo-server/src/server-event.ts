/**
 * What happens in this process, as data: each event is one object of the JSON
 * log, and most are one line of text.
 */
import type { EndedRpc } from './call-tracker.js';

export type ServerEvent =
  /** All listeners are open; comes once, first. */
  | { readonly event: 'serving'; readonly listeners: readonly string[] }
  /** An RPC of the Echo service has ended. */
  | ({ readonly event: 'rpc'; readonly listener: string } & EndedRpc)
  /** A listener opened again. */
  | { readonly event: 'started'; readonly listener: string }
  /** A listener refuses new connections and waits for RPCs in flight. */
  | {
      readonly event: 'draining';
      readonly listener: string;
      readonly why: StopReason;
      readonly inFlight: number;
    }
  /** A listener is closed, and so are its connections; `cutOff` RPCs took longer than the grace. */
  | {
      readonly event: 'stopped';
      readonly listener: string;
      readonly why: StopReason;
      readonly cutOff: number;
    }
  /** Somebody set a listener's health. */
  | { readonly event: 'health'; readonly listener: string; readonly status: 'SERVING' | 'NOT_SERVING' }
  /** Something that was asked for could not be done; the process goes on, unless it never served. */
  | { readonly event: 'error'; readonly message: string };

/** Somebody stopped this one listener, or the whole process ends. */
export type StopReason = 'command' | 'shutdown';

/** The line for people; undefined for what only the JSON log says. */
export function describeEvent(event: ServerEvent): string | undefined {
  switch (event.event) {
    case 'serving':
      return `serving on ${event.listeners.join(', ')}`;
    case 'started':
      return `started ${event.listener}`;
    case 'stopped':
      if (event.cutOff > 0) return `stopped ${event.listener}, ${count(event.cutOff, 'RPC')} cut off`;
      // Who ends the process knows that its listeners stop.
      return event.why === 'shutdown' ? undefined : `stopped ${event.listener}`;
    case 'health':
      return `health of ${event.listener} is ${event.status}`;
    case 'error':
      return `echo-server: ${event.message}`;
    case 'rpc':
    case 'draining':
      return undefined;
  }
}

/** `1 RPC`, `2 RPCs`. */
export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}
