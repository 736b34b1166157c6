/**
 * `import '@petiole/balancer/register'` registers every policy of this package;
 * so does `node --import @petiole/balancer/register app.js`, without a change
 * of code.
 */
import { customRoundRobin, leastRequest, randomSubsetting, requestLimit } from './index.js';

customRoundRobin.register();
leastRequest.register();
randomSubsetting.register();
requestLimit.register();
