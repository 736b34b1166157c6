/** What the process tells the thread of a server, and what it hears of it. */

/** Each `open` and `close` is answered with one {@link Answer}, in their order; the others with none. */
export type Order =
  /** Port 0: any free one. */
  | { readonly do: 'open'; readonly address: string; readonly streamLimit?: number | undefined }
  /** Drains all that is open; what has not ended after `graceMs` is cut off. */
  | { readonly do: 'close'; readonly graceMs: number }
  /** Ends a drain at once. */
  | { readonly do: 'cut-off' }
  | ({ readonly do: 'behave' } & Behaviour)
  /** Closes all at once, and ends the thread. */
  | { readonly do: 'end' }
  /** Does nothing more until the process says otherwise through the shared memory. */
  | { readonly do: 'freeze' };

/** How a server answers; it changes at once. */
export interface Behaviour {
  readonly healthy: boolean;
  readonly delayMs: number;
  readonly errorRate: number;
}

export type Answer =
  /** With the real port. */
  | { readonly is: 'open'; readonly address: string }
  | { readonly is: 'closed'; readonly cutOff: number }
  | { readonly is: 'failed'; readonly problem: string };

/** The places of the shared memory, which is read and written whatever the thread does. */
export const SHARED = { frozen: 0, arrivals: 1, length: 2 } as const;
