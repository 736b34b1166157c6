/** The labels that say which server an attempt or a connection had (gRFC A89), as far as they are asked for. */
import type { Attributes } from '@opentelemetry/api';
import { kept } from './kept.js';
import type { OptionalLabel } from './options.js';

const LABELS = ['grpc.lb.locality', 'grpc.lb.backend_service'] as const;

const NONE: Attributes = {};

export class BackendLabels {
  readonly #wanted: readonly (typeof LABELS)[number][];
  readonly #byValues = new Map<string, Attributes>();

  constructor(optional: readonly OptionalLabel[] = []) {
    this.#wanted = LABELS.filter((label) => optional.includes(label));
  }

  /** The same object for the same values. */
  of(backend: Attributes): Attributes {
    if (this.#wanted.length === 0) return NONE;
    const values = this.#wanted.map((label) => [label, backend[label] ?? ''] as const);
    return kept(this.#byValues, values.join('\n'), () => Object.fromEntries(values));
  }
}
