/** CommonJS: the same through require(). */
const { customRoundRobin, serviceConfig } = require('@petiole/balancer');
const { ask, withServers } = require('./who-am-i.cjs');

customRoundRobin.register();
withServers('ABC', async (ports) => {
  const target = `ipv4:${ports.map((port) => `127.0.0.1:${port}`).join(',')}`;
  console.log(
    await ask(
      target,
      { 'grpc.service_config': serviceConfig({ loadBalancingConfig: [customRoundRobin()] }) },
      12,
    ),
  );
});
