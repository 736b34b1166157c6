/** For the tests of policies of one's own: a channel without sockets. */

import type { experimental } from '@grpc/grpc-js';
import type { EndpointAttributes } from '@petiole/service-config';
import * as shared from '@petiole/service-config/internal';

export {
  type Publication,
  rpc,
  SimulatedChannel,
  SimulatedSubchannel,
  type UpdateOptions,
} from './testing/simulated-channel.js';

/** The endpoint with these attributes in place of its own, as a resolver gives it to a policy; the addresses are shared. */
export const withAttributes: <Kind extends experimental.Endpoint>(
  endpoint: Kind,
  attributes: EndpointAttributes,
) => Kind = shared.withAttributes;
