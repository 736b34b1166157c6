/** What the process's end says. */
export const EXIT = {
  /** All as promised. */
  kept: 0,
  /** The promise was broken: a wrong peer, a failed RPC, no answer in time. */
  broken: 1,
  /** The command line asks for something that cannot be. */
  usage: 2,
  /** Ctrl-C: 128 and the number of SIGINT. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
