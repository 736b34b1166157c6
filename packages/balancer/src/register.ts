/**
 * `import '@petiole/balancer/register'` registers every policy of this package;
 * so does `node --import @petiole/balancer/register app.js`, without a change
 * of code.
 */
import {
  customRoundRobin,
  leastRequest,
  peakEwma,
  priorityFirst,
  randomSubsetting,
  requestLimit,
  ringHash,
  staticWeightedRoundRobin,
  zoneFirst,
} from './index.js';

customRoundRobin.register();
leastRequest.register();
peakEwma.register();
priorityFirst.register();
randomSubsetting.register();
requestLimit.register();
ringHash.register();
staticWeightedRoundRobin.register();
zoneFirst.register();
