/**
 * What the packages of Petiole share. No part of the public API: names here change without notice.
 */
export { addressKey, endpointKey, sameAddresses, withoutRepetition } from './endpoint/identity.js';
export { addressName, endpointName } from './endpoint/name.js';
export { logError, publishLater } from './events/later.js';
export { oneLine } from './text/one-line.js';
export { messageOf, thrownText } from './text/thrown.js';
export { TurningClock } from './time/turning-clock.js';
