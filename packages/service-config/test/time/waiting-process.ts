/** A process that has nothing to do but a wait of ten minutes. */
import { TurningClock } from '../../src/internal.js';

new TurningClock().wait(600_000, () => {});
console.log('waits');
