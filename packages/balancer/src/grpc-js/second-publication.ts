/**
 * After each update, the state and the picker are published a second time, in the next turn (B9):
 * `outlier_detection` stores its own config only after the update of its child, and decides by it whether the picker
 * that it is given counts calls. Without a second publication the first picker would never count.
 */
export class SecondPublication {
  private pending: NodeJS.Immediate | undefined = undefined;
  private readonly publish: () => void;

  constructor(publish: () => void) {
    this.publish = publish;
  }

  schedule(): void {
    this.pending ??= setImmediate(() => {
      this.pending = undefined;
      this.publish();
    });
  }

  cancel(): void {
    clearImmediate(this.pending);
  }
}
