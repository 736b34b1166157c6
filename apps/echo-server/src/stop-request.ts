/**
 * When this process is asked to stop: SIGINT, SIGTERM, or (as a turbo task)
 * the end of stdin, whose other end turbo holds: a turbo that is killed hard
 * sends no signal, but its pipes close.
 */

/** Calls `stop` on every request, with how often it was asked before. */
export function onStopRequest(stop: (earlierRequests: number) => void): void {
  let requests = 0;
  const request = (): void => stop(requests++);
  process.on('SIGINT', request);
  process.on('SIGTERM', request);
  if (process.env.TURBO_HASH !== undefined) process.stdin.resume().once('end', request);
}
