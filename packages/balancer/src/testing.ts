/** For the tests of policies of one's own: a channel without sockets. */
export { withAttributes } from '@petiole/service-config/internal';
export {
  type Publication,
  rpc,
  SimulatedChannel,
  SimulatedSubchannel,
  type UpdateOptions,
} from './testing/simulated-channel.js';
