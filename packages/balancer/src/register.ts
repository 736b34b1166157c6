/**
 * `import '@petiole/balancer/register'` registers every policy of this package;
 * so does `node --import @petiole/balancer/register app.js`, without a change
 * of code.
 */
import './grpc-js/installed.js';

import { customRoundRobin } from './policies/custom-round-robin.js';
import { leastRequest } from './policies/least-request.js';
import { randomSubsetting } from './policies/random-subsetting.js';
import { requestLimit } from './policies/request-limit.js';

customRoundRobin.register();
leastRequest.register();
randomSubsetting.register();
requestLimit.register();
