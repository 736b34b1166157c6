/**
 * `pnpm test:kubernetes [NAME]`: makes kube-apiserver and etcd if they are not there yet, and runs the tests at them in a
 * network namespace of its own, because EndpointSlices refuse the addresses of the loopback: there the pods have theirs.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { binaries } from './binaries.js';
import { IN_NAMESPACE } from './namespace.js';

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));
const vitest = `"${process.execPath}" ../../node_modules/vitest/vitest.mjs run --root . --config ../test-kit/vitest.config.ts --mode kubernetes --no-file-parallelism --testTimeout 60000 --hookTimeout 120000 "$@"`;
const addresses = Array.from({ length: 40 }, (_, index) => [
  `10.77.0.${index + 1}/32`,
  `fd77::${index + 1}/128`,
]).flat();
const script = [
  'ip link set lo up',
  ...addresses.map((address) => `ip addr add ${address} dev lo`),
  vitest,
].join(' && ');

async function main(): Promise<number | null> {
  await binaries();
  const [unshare, ...flags] = IN_NAMESPACE;
  const run = spawnSync(unshare, [...flags, 'sh', '-c', script, 'sh', ...process.argv.slice(2)], {
    cwd: PACKAGE,
    stdio: 'inherit',
  });
  if (run.error !== undefined) throw run.error;
  return run.status;
}

main().then(
  (status) => {
    process.exitCode = status ?? 1;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
