/** `import` and `require()` give the same instance of each entry. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import './main.mjs';

const require = createRequire(import.meta.url);
for (const name of [
  'service-config',
  'balancer',
  'balancer/testing',
  'resolver',
  'kubernetes',
  'echo-proto',
]) {
  const imported = await import(`@petiole/${name}`);
  const required = require(`@petiole/${name}`);
  for (const key of Object.keys(required).filter((each) => !each.startsWith('__'))) {
    assert.equal(imported[key], required[key], `${name}: ${key}`);
  }
}
