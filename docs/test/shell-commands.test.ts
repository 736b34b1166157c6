/**
 * Every command of the documentation's `sh` blocks runs as printed, with free ports and a short duration from the
 * environment, or in the matrix of consumers, or is listed here with the reason why not.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch, type Program } from '@petiole/test-kit/processes/program';
import { afterAll, describe, expect, test } from 'vitest';
import { pages, ROOT, shellCommands } from './code-blocks.js';

const PNPM = 'npx --yes pnpm@10.34.8';
const SERVER = `${PNPM} --filter @petiole/echo-server start`;
const CLIENT = `${PNPM} --filter @petiole/echo-client start`;

const ELSEWHERE: Record<string, string> = {
  [`${PNPM} start`]: 'root-start.slow.test.ts of echo-client, and the first command of .ci/run',
  [`${PNPM} test`]: '.ci/run; it would run itself here',
  [`${PNPM} lab`]: 'it runs until Ctrl-C; the tests of apps/lab start the same',
  [`${PNPM} tarballs`]: 'check-consumers.mjs packs each package',
  'npm install @grpc/grpc-js path/to/petiole/packed/*.tgz': 'check-consumers.mjs, from tarballs',
  'npm install @grpc/grpc-js path/to/petiole/packed/petiole-balancer-*.tgz path/to/petiole/packed/petiole-service-config-*.tgz':
    'check-consumers.mjs, from tarballs',
  'npm install @grpc/grpc-js path/to/petiole/packed/petiole-echo-proto-*.tgz':
    'check-consumers.mjs, from tarballs',
  'npm install @grpc/grpc-js path/to/petiole/packed/petiole-resolver-*.tgz path/to/petiole/packed/petiole-service-config-*.tgz':
    'check-consumers.mjs, from tarballs',
  'kubectl get endpointslices -l kubernetes.io/service-name=echo': 'a program that is not in this repository',
  'kubectl auth can-i watch endpointslices.discovery.k8s.io --as=system:serviceaccount:default:shop':
    'a program that is not in this repository',
  'GRPC_VERBOSITY=DEBUG GRPC_TRACE=kubernetes_resolver node app.js': 'resolver.test.ts of kubernetes traces',
  'npm install @grpc/grpc-js path/to/petiole/packed/petiole-service-config-*.tgz':
    'check-consumers.mjs, from tarballs',
  'npm install @grpc/grpc-js @opentelemetry/api path/to/petiole/packed/*.tgz':
    'check-consumers.mjs, from tarballs',
  'node --import @petiole/opentelemetry/register app.js': 'register.test.ts of @petiole/opentelemetry',
  'npx @petiole/service-config service-config.json': 'check-consumers.mjs, from tarballs',
  'pnpm bench --write': 'eight minutes, and it writes a page',
  'pnpm soak': 'a minute; soak.slow.test.ts has a short one',
  'pnpm soak --minutes 30 --seed 7': 'half an hour',
  'pnpm soak --faults kill,freeze': 'a minute',
  'pnpm soak --inject stale-picks --seed 2': 'soak.slow.test.ts injects each bug',
  'grpcdebug 127.0.0.1:50053 channelz channels': 'a program that is not in this repository',
  'grpcurl -plaintext 127.0.0.1:50053 list': 'a program that is not in this repository',
};

const PIPED = `(sleep 10; echo stop 2; sleep 10; echo start 2) | ${SERVER}`;
const CLIENTS = [
  [CLIENT, /^Successful multiple iterations/m],
  [`${CLIENT} watch`, /^errors +0$/m],
  [`${CLIENT} watch --rate 50`, /^errors +0$/m],
  [`${CLIENT} watch --admin 127.0.0.1:50053`, /^errors +0$/m],
] as const;

const REGISTER_POLICIES = 'node --import @petiole/balancer/register app.js';
const REGISTER_BOTH = 'node --import @petiole/balancer/register --import @petiole/resolver/register app.js';
const REGISTER_DNS =
  'PETIOLE_DNS_SERVICE_CONFIG=least_request node --import @petiole/balancer/register --import @petiole/resolver/register-dns app.js';
const TARGET = 'ECHO_TARGET="static:[::1]:50051+127.0.0.1:50051,[::1]:50052" node app.js';
const APP = `
import { experimental } from '@grpc/grpc-js';
import { parseTarget } from '@petiole/resolver';
const listener = () => true;
const creates = (scheme) => {
  try {
    return experimental.createResolver({ scheme, path: '127.0.0.1:1' }, listener, {}) !== undefined;
  } catch {
    return false;
  }
};
console.log('custom_round_robin', experimental.isLoadBalancerNameRegistered('custom_round_robin'));
console.log('static', creates('static'));
if (process.env.ECHO_TARGET) {
  await import('@petiole/resolver/register');
  console.log(parseTarget(process.env.ECHO_TARGET).scheme);
}
`;

const RUN_HERE = [
  SERVER,
  PIPED,
  ...CLIENTS.map(([command]) => command),
  REGISTER_POLICIES,
  REGISTER_BOTH,
  REGISTER_DNS,
  TARGET,
];

interface Matrix {
  readonly ROWS: readonly { readonly run: readonly string[] }[];
}

// In this folder, so that the programs in it find the packages.
const scratch = mkdtempSync(fileURLToPath(new URL('../.docs-', import.meta.url)));
writeFileSync(join(scratch, 'app.js'), APP);

const groups: number[] = [];
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
  for (const group of groups) {
    try {
      process.kill(-group, 'SIGKILL');
    } catch {
      // All of it has ended.
    }
  }
});

/** The command in a shell with a process group of its own, and with the pnpm that runs these tests if one does. */
function shell(command: string, environment: Record<string, string>, cwd = ROOT) {
  const pnpm = process.env.npm_execpath ?? '';
  const text = /pnpm\.c?js$/.test(pnpm) ? command.replace(PNPM, `node ${pnpm}`) : command;
  const env = { CI: process.env.CI, ...environment };
  const run = launch(['bash', '-c', text], { cwd, env, detached: true });
  if (run.pid !== undefined) groups.push(run.pid);
  return run;
}

/** What the first line that matches has in the group of `pattern`. */
async function match(run: Program, pattern: RegExp): Promise<string> {
  return pattern.exec(await run.out.line(pattern))?.[1] ?? '';
}

test('every command is run here or in the matrix of consumers, or it is known why not', async () => {
  const { ROWS } = (await import(`${ROOT}/scripts/consumers/rows.mjs`)) as Matrix;
  const printed = new Set(pages().flatMap(shellCommands));
  for (const command of ROWS.flatMap(({ run }) => run)) {
    printed.delete(command);
    printed.delete(`npx ${command}`);
  }
  expect([...printed].sort()).toEqual([...RUN_HERE, ...Object.keys(ELSEWHERE)].sort());
});

describe.concurrent('commands of the documentation', { timeout: 120_000 }, () => {
  test('the servers, and each command of the client with them', async () => {
    const servers = shell(SERVER, { ECHO_SERVER_LISTEN: '127.0.0.1:0' });
    const target = `static:${await match(servers, /^serving on (\S+)$/)}`;
    for (const [command, shows] of CLIENTS) {
      const free = command.replace('127.0.0.1:50053', '127.0.0.1:0');
      const run = await shell(free, { ECHO_CLIENT_TARGET: target, ECHO_CLIENT_DURATION: '1s' });
      expect({ command, exitCode: run.exitCode, stderr: run.stderr }).toMatchObject({ command, exitCode: 0 });
      expect(run.stdout, command).toMatch(shows);
    }
  });

  test('commands for the servers on their standard input', async () => {
    // The pauses are for people: here each lasts until there is a file that says so.
    const [served, stopped] = [join(scratch, 'served'), join(scratch, 'stopped')];
    const until = (file: string) => `until [ -e ${file} ]; do sleep 0.1; done`;
    const command = PIPED.replace('sleep 10', until(served)).replace('sleep 10', until(stopped));
    const servers = shell(command, { ECHO_SERVER_LISTEN: '127.0.0.1:0,[::1]:0' });
    const second = await match(servers, /^serving on \S+, (\S+)$/);
    writeFileSync(served, '');
    expect(await match(servers, /^stopped (\S+)$/)).toBe(second);
    writeFileSync(stopped, '');
    expect(await match(servers, /^started (\S+)$/)).toBe(second);
  });

  test.each([
    [REGISTER_POLICIES, ['custom_round_robin true', 'static false']],
    [REGISTER_BOTH, ['custom_round_robin true', 'static true']],
    [REGISTER_DNS, ['custom_round_robin true', 'static false']],
    [TARGET, ['custom_round_robin false', 'static false', 'static']],
  ])('%s', async (command, expected) => {
    const { stdout, stderr } = await shell(command, {}, scratch);
    expect({ lines: stdout.split('\n'), stderr }).toEqual({ lines: expected, stderr: '' });
  });
});
