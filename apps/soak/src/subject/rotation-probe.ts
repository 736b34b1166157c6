/** Reads the rotation off a few RPCs that are sent one by one while the load rests. */

import { rotationError } from '../findings/rotation-check.js';
import { unary } from './load.js';
import type { Subject } from './subject.js';

/** Sends two rotations of RPCs; answers with what is wrong with their order, if anything is. */
export async function probeRotation(subject: Subject, order: readonly string[]): Promise<string | undefined> {
  const { repeatCount } = subject.plan;
  if (repeatCount === undefined) return undefined;
  const peers: string[] = [];
  for (let n = 0; n < 2 * order.length * repeatCount; n++) {
    const peer = await unary(subject);
    // A failure with no fault around is judged as such.
    if (peer === undefined) return 'an RPC of the probe failed';
    peers.push(peer);
  }
  return rotationError(peers, order, repeatCount);
}
