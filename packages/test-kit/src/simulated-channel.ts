/** The channel of `@petiole/balancer/testing`, for tests of packages below it. */
export * from '../../balancer/src/testing/simulated-channel.js';
