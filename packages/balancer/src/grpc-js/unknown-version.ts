/** What is logged, once, where grpc-js has no longer the private part that a file of this folder looks for. */
import { logErrorOnce } from '@petiole/service-config/internal';

/** @param does what grpc-js does in a way that is not known, and after a colon what follows from that */
export function reportUnknownVersion(does: string): void {
  logErrorOnce(
    `@petiole/balancer does not know how this version of @grpc/grpc-js ${does}. Please report this.`,
  );
}
