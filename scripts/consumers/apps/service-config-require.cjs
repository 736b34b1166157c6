/** CommonJS: what grpc-js makes of half a second, and what it is to be given. */
const { checkServiceConfig, readServiceConfig } = require('@petiole/service-config');

const config = { methodConfig: [{ name: [{}], timeout: '0.5s' }] };
const [finding] = checkServiceConfig(config);
const { timeout } = readServiceConfig(config, 'program').config.methodConfig[0];
console.log(`${finding.outcome}, ${timeout.seconds + timeout.nanos / 1e9} s`);
