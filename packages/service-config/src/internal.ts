/**
 * What the packages of Petiole share. No part of the public API: names here change without notice.
 */
export { SERVICE_CONFIG_FIELDS } from './check-service-config.js';
export { addressKey, endpointKey, sameAddresses, withoutRepetition } from './endpoint/identity.js';
export { addressName, endpointName } from './endpoint/name.js';
export { logError, publishLater } from './events/later.js';
export {
  boolean,
  type ConfigOf,
  duration,
  type Field,
  type FieldBounds,
  type FieldDescription,
  type FieldOptions,
  type Fields,
  integer,
  type JsonOf,
  list,
  number,
  string,
} from './fields.js';
export { HEALTH_CHECK_SERVICE_NAME_ATTRIBUTE, TARGET_ATTRIBUTE } from './grpc-js/resolver-attributes.js';
export { type Trace, tracer } from './grpc-js/trace.js';
export { isJson, own } from './json.js';
export { type DeclaredFields, declareFields } from './policies/declared-fields.js';
export { petiolePolicies } from './policies/registered.js';
export { nearMiss } from './text/near-miss.js';
export { jsonLine, oneLine, visible } from './text/one-line.js';
export { got, quote, show, withoutPassword } from './text/show.js';
export { messageOf, stackOf, thrownText } from './text/thrown.js';
export { TurningClock } from './time/turning-clock.js';
