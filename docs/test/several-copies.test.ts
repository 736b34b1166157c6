/**
 * The packages as they are built have what they use of service-config each in a file of its own. To a program they are one: what
 * one of them registers, the others know, and an error is of the class that the program has, whoever threw it.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execaNode } from 'execa';
import { afterAll, expect, test } from 'vitest';

const DOCS = fileURLToPath(new URL('..', import.meta.url));
// In this folder, so that the programs find the packages.
const folder = mkdtempSync(join(DOCS, '.docs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const IMPORTS = `
import { checkServiceConfig, integer, ServiceConfigError } from '@petiole/service-config';
import { definePolicy, leastRequest } from '@petiole/balancer';
import { createManualResolver } from '@petiole/resolver';`;
const REQUIRES = `
const { checkServiceConfig, integer, ServiceConfigError } = require('@petiole/service-config');
const { definePolicy, leastRequest } = require('@petiole/balancer');
const { createManualResolver } = require('@petiole/resolver');`;
const PROGRAM = `
leastRequest.register();
const mine = definePolicy({
  name: 'mine',
  fields: { most: integer({ min: 1, max: 9, default: 3 }) },
  createPicker: ([first]) => first && { pick: () => first.pickResult },
});
mine.register();
const wrong = { loadBalancingConfig: [{ mine: { most: 10 } }] };
const thrown = (call) => {
  try {
    return call();
  } catch (error) {
    return [error instanceof ServiceConfigError, error.message];
  }
};
console.log(JSON.stringify({
  known: checkServiceConfig({ loadBalancingConfig: [{ least_request: {} }] }),
  found: checkServiceConfig(wrong).map(({ path, instead }) => path + ' ' + instead),
  resolver: thrown(() => createManualResolver({ endpoints: [], serviceConfig: wrong })),
  misspelt: thrown(() => createManualResolver({ endpoints: [], serviceConfig: { loadBalancingConfig: [{ mnie: {} }] } })),
  none: new Error() instanceof ServiceConfigError,
}));`;

test.each([
  ['ES modules', 'program.mjs', IMPORTS],
  ['CommonJS', 'program.cjs', REQUIRES],
])('%s', async (_, name, head) => {
  const file = join(folder, name);
  writeFileSync(file, head + PROGRAM);
  const { stdout } = await execaNode(file, { nodeOptions: [] });
  const most = 'loadBalancingConfig[0].mine.most must be an integer from 1 to 9, got 10';
  expect(JSON.parse(stdout)).toEqual({
    known: [],
    found: [most],
    resolver: [true, expect.stringContaining(most)],
    misspelt: [true, expect.stringContaining('mnie')],
    none: false,
  });
});

test('an ES module takes no built-in module by import, for which Node.js would load all that it has', async () => {
  const file = join(folder, 'loaded.mjs');
  writeFileSync(
    file,
    `import '@grpc/grpc-js';
const before = new Set(process.moduleLoadList);
for (const name of ['balancer', 'resolver']) await import('@petiole/' + name);
console.log(process.moduleLoadList.filter((each) => !before.has(each)).join());`,
  );
  const { stdout } = await execaNode(file, { nodeOptions: [] });
  expect(stdout).not.toMatch(/parse_args|timers\/promises/);
});
