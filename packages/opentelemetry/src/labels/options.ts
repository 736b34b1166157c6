/** What a program may say about labels. */

/** A label that is there only if `optionalLabels` names it (gRFC A79). */
export type OptionalLabel =
  | 'grpc.client.call.custom'
  | 'grpc.disconnect_error'
  | 'grpc.lb.backend_service'
  | 'grpc.lb.locality';

/**
 * Every field may be left out. A function that throws costs no RPC: that is logged once, and the default is its answer.
 */
export interface LabelOptions {
  /**
   * Which channels have metrics, by their target, as in `dns:///echo.example:50051`. Asked once for each channel.
   * Default: all.
   */
  readonly channels?: (target: string) => boolean;
  /** Labels to have beside the required ones, on metrics that know them (gRFC A79). Default: none. */
  readonly optionalLabels?: readonly OptionalLabel[];
  /**
   * Which targets are a label as they are; others are `other`. For programs that open channels to ever new targets (gRFC A66).
   * Asked once for each channel. Default: all are.
   */
  readonly targetAttributeFilter?: (target: string) => boolean;
  /**
   * Which methods are a label as they are, such as `package.Service/Method`, though no generated client has them; others are
   * `other` (gRFC A66). Asked once for each of the first 1000 methods. Default: none is.
   */
  readonly genericMethodAttributeFilter?: (method: string) => boolean;
}
