/** What happens several times in a turn, with the same labels and context: one record counts it. */
import type { Attributes, Context, Counter } from '@opentelemetry/api';
import type { Late, Turn } from './turn.js';

export class Count implements Late {
  private readonly counter: Counter;
  private readonly labels: Attributes;
  private readonly context: Context;
  private count = 1;

  /** @param labels of which there is one object, by which counts are found again */
  static add(turn: Turn, counter: Counter, labels: Attributes, context: Context): void {
    const known = turn.find(labels);
    if (known instanceof Count && known.counter === counter && known.context === context) known.count += 1;
    else turn.add(new Count(counter, labels, context), labels);
  }

  private constructor(counter: Counter, labels: Attributes, context: Context) {
    this.counter = counter;
    this.labels = labels;
    this.context = context;
  }

  record(): void {
    this.counter.add(this.count, this.labels, this.context);
  }
}
