/** What {@link instrument} takes. */
import type { MeterProvider } from '@opentelemetry/api';
import type { MetricName, OptionalLabel } from './metrics/table.js';

/** Every field may be left out. */
export interface InstrumentOptions {
  /** Whose instruments record. Default: the global one of `@opentelemetry/api`, from when there is one. */
  readonly meterProvider?: MeterProvider;
  /**
   * Which channels have metrics, by their target, as in `dns:///echo.example:50051`. Asked once for each channel.
   * Default: all.
   */
  readonly channels?: (target: string) => boolean;
  /** Metrics that are off by default, by name (gRFC A79). */
  readonly enable?: readonly MetricName[];
  /** Metrics that are on by default, by name; it counts for more than `enable`. */
  readonly disable?: readonly MetricName[];
  /** Labels to have beside the required ones, on metrics that know them (gRFC A79). Default: none. */
  readonly optionalLabels?: readonly OptionalLabel[];
  /**
   * Which targets are a label as they are; others are `other`. For programs that open channels to ever new targets (gRFC A66).
   * Asked once for each channel. Default: all are.
   */
  readonly targetAttributeFilter?: (target: string) => boolean;
  /**
   * Which methods are a label as they are, such as `package.Service/Method`, though no generated client has them; others are
   * `other` (gRFC A66). Default: none is.
   */
  readonly genericMethodAttributeFilter?: (method: string) => boolean;
}
