/**
 * When this process is asked to stop: SIGINT, SIGTERM, a stdout that nobody
 * reads any more (`| head -1`), or (as a turbo task) the end of stdin, whose
 * other end turbo holds: a turbo that is killed hard sends no signal, but its pipes close.
 */

/** Calls `stop` on every request, with how often it was asked before. The result is one more way to ask. */
export function onStopRequest(stop: (earlierRequests: number) => void): () => void {
  let requests = 0;
  const request = (): void => stop(requests++);
  process.on('SIGINT', request);
  process.on('SIGTERM', request);
  // Every further write fails as well, and must not count as one more request.
  process.stdout.once('error', request).on('error', () => {});
  process.stderr.on('error', () => {});
  if (process.env.TURBO_HASH !== undefined) process.stdin.resume().once('end', request);
  return request;
}
