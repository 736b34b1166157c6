/**
 * What the resolvers of Petiole tell policies beside endpoints: the keys, among the attributes of a result. They stand
 * under grpc-js's exclude prefix, so that a changed one replaces no connection (fact R17).
 */
import { experimental } from '@grpc/grpc-js';

const PREFIX = `${experimental.SUBCHANNEL_ARGS_EXCLUDE_KEY_PREFIX}.petiole`;

/** The target string of the channel; always present. */
export const TARGET_ATTRIBUTE: string = `${PREFIX}.target`;

/**
 * `healthCheckConfig.serviceName` of the resolver's service config (gRFC A17), which grpc-js drops (fact R18); null when
 * that service config has none; absent when the resolver supplies no service config.
 */
export const HEALTH_CHECK_SERVICE_NAME_ATTRIBUTE: string = `${PREFIX}.health_check_service_name`;

/**
 * `connectionScaling.maxConnectionsPerSubchannel` of the resolver's service config (gRFC A105), which grpc-js drops as it does
 * the one above; 1 when that service config has none; absent when the resolver supplies no service config.
 */
export const MAX_CONNECTIONS_ATTRIBUTE: string = `${PREFIX}.max_connections_per_subchannel`;
