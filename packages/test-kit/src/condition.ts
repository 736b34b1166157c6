/** Waiting for what a test observes: conditions are asked anew whenever something was observed. */

export class Condition {
  private readonly waiting: Set<() => void> = new Set();

  /** Something was observed. */
  changed(): void {
    for (const ask of [...this.waiting]) ask();
  }

  /** Resolves once the condition holds, rejects with the message when the time is over. */
  until(holds: () => boolean, ms: number, message: () => string): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (end: () => void): void => {
        clearTimeout(timer);
        this.waiting.delete(ask);
        end();
      };
      const ask = (): void => {
        if (holds()) finish(resolve);
      };
      const timer = setTimeout(() => finish(() => reject(new Error(message()))), ms);
      this.waiting.add(ask);
      ask();
    });
  }
}
