/** Something in a service config that grpc-js ignores, replaces, misreads or refuses, or that harms the process. */
export interface ServiceConfigFinding {
  /** Where: `methodConfig[0].timeout`; the empty string for the config as a whole. */
  readonly path: string;
  /** What stands there; undefined if it is what is missing. */
  readonly value?: unknown;
  /**
   * What becomes of it:
   * - `throws`: grpc-js throws out of the constructor of the client.
   * - `fails`: the client is made, but RPCs fail because of it.
   * - `harms`: the client is made, but it ends the process, or takes more time than a client may.
   * - `replaced`: something else is used instead, mostly `pick_first`, and nothing is logged.
   * - `misread`: grpc-js reads another value than the one that is meant.
   * - `ignored`: it has no effect, and nothing is logged.
   */
  readonly outcome: 'throws' | 'fails' | 'harms' | 'replaced' | 'misread' | 'ignored';
  /** What grpc-js does, in words. */
  readonly happens: string;
  /** What to write instead, or to do. */
  readonly instead: string;
  /**
   * What `serviceConfig()` makes of it:
   * - `error`: throws.
   * - `mendable`: writes the form that grpc-js reads.
   * - `note`: accepts it, because gRPC specifies it so (a list of policies to fall back to, a limit of attempts).
   */
  readonly severity: 'error' | 'mendable' | 'note';
}

/** A finding, and whether a resolver takes the config all the same: fields that nobody reads do no harm. */
export interface Finding extends ServiceConfigFinding {
  readonly takenFrom?: 'dns' | 'anyone' | undefined;
}
