/**
 * `import '@petiole/balancer/register'` registers every policy of this package;
 * so does `node --import @petiole/balancer/register app.js`, without a change
 * of code.
 */
import './grpc-js/usable.js';

import { registerCustomRoundRobin } from './policies/custom-round-robin.js';
import { registerLeastRequest } from './policies/least-request.js';

registerCustomRoundRobin();
registerLeastRequest();
