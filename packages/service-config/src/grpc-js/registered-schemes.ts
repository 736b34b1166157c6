/** Which schemes resolvers of Petiole have: grpc-js does not tell, so the copies of the packages tell each other. */
import { sharedByCopies } from './shared-by-copies.js';

/** By the schemes that any copy has registered with this copy of grpc-js: what makes the class that is registered. */
export function registeredSchemes(): Map<string, unknown> {
  return sharedByCopies('petiole.registered-schemes', () => new Map());
}
