/** Keeps work that is asked for often from taking all the time. */
import { clearTimeout, setTimeout } from 'node:timers';

export class Paced {
  readonly #pause: number;
  readonly #work: () => void;
  #phase: 'resting' | 'pausing' | 'due again' = 'resting';
  #timer: NodeJS.Timeout | undefined;

  constructor(pause: number, work: () => void) {
    this.#pause = pause;
    this.#work = work;
  }

  /** The work is done at once, and then not again before a pause is over, however often it is asked for. */
  ask(): void {
    if (this.#phase === 'resting') this.#run();
    else this.#phase = 'due again';
  }

  /** Does what is due without waiting for the end of the pause. */
  finish(): void {
    clearTimeout(this.#timer);
    const isDue = this.#phase === 'due again';
    this.#phase = 'resting';
    if (isDue) this.#work();
  }

  #run(): void {
    this.#phase = 'pausing';
    this.#timer = setTimeout(() => {
      if (this.#phase === 'due again') this.#run();
      else this.#phase = 'resting';
    }, this.#pause).unref();
    this.#work();
  }
}
