/** Registers nothing: `--import @petiole/balancer/register` and the resolver's do. */
import { askServers, connectTo } from './order.mjs';

const config = JSON.stringify({ loadBalancingConfig: [{ custom_round_robin: {} }] });
console.log(await askServers((addresses) => connectTo(`static:${addresses}`, config)));
