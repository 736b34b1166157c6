/**
 * What the packages of Petiole share. No part of the public API: names here change without notice.
 */
export { oneLine } from './text/one-line.js';
export { messageOf, thrownText } from './text/thrown.js';
