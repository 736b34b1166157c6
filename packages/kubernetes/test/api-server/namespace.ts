/** The command before a command that runs it in a network namespace of its own, as root of that or of the machine. */
export const IN_NAMESPACE: readonly [string, ...string[]] = [
  'unshare',
  process.getuid?.() === 0 ? '-n' : '-rn',
];
