/**
 * `import '@petiole/balancer/register'` registers every policy of this package;
 * so does `node --import @petiole/balancer/register app.js`, without a change
 * of code.
 */
import './usable-grpc-js.js';

import { registerCustomRoundRobin } from './custom-round-robin.js';
import { registerLeastRequest } from './least-request.js';

registerCustomRoundRobin();
registerLeastRequest();
