/**
 * What the packages of Petiole share, and all that is public: one file for a program to load. No part of the public API: names here
 * change without notice.
 */
export { SERVICE_CONFIG_FIELDS } from './check-service-config.js';
export * from './endpoint/ends.js';
export * from './endpoint/identity.js';
export * from './endpoint/name.js';
export * from './events/later.js';
export * from './grpc-js/endpoint-attributes.js';
export * from './grpc-js/registered-schemes.js';
export * from './grpc-js/resolver-attributes.js';
export * from './grpc-js/shared-by-copies.js';
export * from './grpc-js/trace.js';
export * from './index.js';
export { isDeeper, isInteger, isJson, type Json, own } from './json.js';
export * from './lazily.js';
export * from './made-or.js';
export { type DeclaredFields, declareFields } from './policies/declared-fields.js';
export { policyList } from './policies/policy-list.js';
export { petiolePolicies } from './policies/registered.js';
export * from './text/near-miss.js';
export * from './text/one-line.js';
export * from './text/show.js';
export * from './text/thrown.js';
export * from './time/turning-clock.js';
