/**
 * The matrix of consumers, as data. Each row is commands that run one after the other in the folder of its group, where the packed
 * packages are installed; the last one prints AAABBBCCC. Rows that are not in CI are run by `pnpm check:consumers --all`.
 */

const NODES = ['20.19', '20', '22.12', '22', '24', '26'];
const DIRECT = [
  'node main.mjs',
  'node main.cjs',
  'node same.mjs',
  'node --import @petiole/balancer/register --import @petiole/resolver/register preloaded.mjs',
];
const RESOLUTIONS = {
  node10: ['commonjs'],
  node16: ['esm', 'commonjs'],
  nodenext: ['esm', 'commonjs'],
  bundler: ['esm'],
};
const COMPILERS = {
  5.4: ['node10', 'node16', 'nodenext', 'bundler'],
  5.9: ['node10', 'node16', 'nodenext', 'bundler'],
  6: ['node10', 'node16', 'nodenext', 'bundler'],
  7: ['node16', 'nodenext', 'bundler'],
};

/** A hosts file of its own gives one name three addresses. */
const takenOver = (app) =>
  `unshare -rm sh -c 'mount --bind hosts /etc/hosts && PETIOLE_DNS_SERVICE_CONFIG=custom_round_robin node --import @petiole/balancer/register --import @petiole/resolver/register-dns ${app}'`;

/** `{ name, group, run, runtime?, ci? }` each: `runtime` is a package of runtimes/ whose binary comes first on the PATH. */
export const ROWS = [
  ...NODES.map((version) => ({
    name: `Node.js ${version}`,
    group: 'plain',
    runtime: `node-${version}`,
    run: DIRECT,
    ci: true,
  })),
  {
    name: 'Bun',
    group: 'plain',
    runtime: '@oven/bun-linux-x64',
    run: ['main.mjs', 'main.cjs', 'same.mjs'].map((file) => `bun ${file}`),
    ci: true,
  },
  {
    name: 'Deno',
    group: 'plain',
    runtime: '@deno/linux-x64-glibc',
    run: ['main.mjs', 'main.cjs', 'same.mjs'].map((file) => `deno run -A ${file}`),
    ci: true,
  },
  { name: 'npm, each package alone', group: 'plain', run: ['node alone.mjs'], ci: true },
  {
    name: 'npx @petiole/service-config',
    group: 'plain',
    run: ["petiole-service-config service-config.json | grep 'grpc-js reads 0 s and 5 ns'", 'node main.cjs'],
    ci: true,
  },
  {
    name: 'ES module and CommonJS in one process',
    group: 'plain',
    run: ['node two-instances.mjs'],
    ci: true,
  },
  { name: 'two copies of grpc-js', group: 'plain', run: ['node two-copies.mjs'], ci: true },
  { name: 'node:test, mocked timers', group: 'plain', run: ['node order.test.mjs'], ci: true },

  ...Object.entries(COMPILERS).flatMap(([version, resolutions]) =>
    resolutions.flatMap((resolution) =>
      RESOLUTIONS[resolution].map((format) => ({
        name: `TypeScript ${version}, ${resolution}, ${format}`,
        group: 'typescript',
        run: [`node compile.mjs typescript-${version} ${resolution} ${format}`],
        ci: true,
      })),
    ),
  ),
  { name: 'ts-node 10', group: 'ts-node', run: ['ts-node main.ts'], ci: true },

  {
    name: 'webpack 5.61',
    group: 'webpack-oldest',
    run: ['webpack --mode production --target node --entry ./main.mjs -o out', 'node out/main.js'],
    ci: true,
  },
  {
    name: 'webpack 5.113',
    group: 'bundlers',
    run: [
      'webpack --mode production --target node --entry ./main.mjs -o out/webpack',
      'node out/webpack/main.js',
    ],
    ci: true,
  },
  { name: 'rspack 2', group: 'bundlers', run: ['rspack build', 'node out/rspack.cjs'], ci: true },
  {
    name: 'esbuild, ES modules to CommonJS',
    group: 'bundlers',
    run: ['esbuild main.mjs --bundle --platform=node --outfile=out/esbuild.cjs', 'node out/esbuild.cjs'],
    ci: true,
  },
  {
    name: 'esbuild, CommonJS',
    group: 'bundlers',
    run: [
      'esbuild main.cjs --bundle --platform=node --outfile=out/esbuild-cjs.cjs --log-level=error',
      'node out/esbuild-cjs.cjs',
    ],
    ci: true,
  },
  {
    name: 'esbuild leaves out what is not used',
    group: 'bundlers',
    run: [
      `echo "import { TargetError } from '@petiole/resolver'; console.log(TargetError.name)" | esbuild --bundle --platform=node --external:@grpc/grpc-js --outfile=out/shaken.cjs --log-level=error`,
      'test $(wc -c < out/shaken.cjs) -lt 2000',
      'node main.mjs',
    ],
    ci: true,
  },
  {
    // One other character, and V8 reads the whole file at two bytes a character.
    name: 'files of plain ASCII',
    group: 'bundlers',
    run: [
      "! LC_ALL=C grep -lP '[^\\x00-\\x7F]' node_modules/@petiole/*/dist/index.js node_modules/@petiole/*/dist/index.cjs",
      'node main.mjs',
    ],
    ci: true,
  },
  { name: 'rollup 4', group: 'bundlers', run: ['rollup -c', 'node out/rollup.mjs'], ci: true },
  { name: 'Vite 8, ssr', group: 'bundlers', run: ['vite build', 'node out/vite/main.mjs'], ci: true },

  { name: 'Jest 29', group: 'jest-29', run: ['jest'], ci: true },
  { name: 'Jest 30', group: 'jest-30', run: ['cp ../jest-29/order.test.js .', 'jest'], ci: true },
  {
    name: 'Vitest 4, fake timers',
    group: 'vitest',
    run: ['cp ../next/policy.mjs .', 'vitest run'],
    ci: true,
  },

  {
    name: 'Nest 10',
    group: 'nest-10',
    run: [
      'tsc --strict --experimentalDecorators --esModuleInterop --skipLibCheck --target es2021 --module commonjs --moduleResolution node10 --outDir out nest.ts',
      'node out/nest.js',
    ],
  },
  {
    name: 'Nest 11',
    group: 'nest-11',
    run: [
      'cp ../nest-10/*.ts .',
      'tsc --strict --experimentalDecorators --esModuleInterop --skipLibCheck --target es2023 --module nodenext --outDir out nest.ts',
      'node out/nest.js',
    ],
  },
  {
    name: 'Nest 12',
    group: 'nest-12',
    run: [
      'cp ../nest-10/*.ts .',
      'tsc --strict --experimentalDecorators --esModuleInterop --skipLibCheck --target es2023 --module nodenext --outDir out nest.ts',
      'node out/nest.js',
    ],
  },
  { name: 'nice-grpc 2', group: 'nice-grpc', run: ['node nice.mjs'], ci: true },
  {
    name: 'Next 16: build, start, and an edit under dev',
    group: 'next',
    run: ['next build', 'node visit.mjs start', 'node visit.mjs dev'],
  },
  { name: "Temporal's client 1.24, dns: taken over", group: 'by-name', run: [takenOver('temporal.mjs')] },
  { name: 'OTLP exporter 0.219, dns: taken over', group: 'by-name', run: [takenOver('otlp.mjs')] },
  {
    name: "OpenTelemetry's instrumentation, peers on spans",
    group: 'opentelemetry',
    run: ['node --import ./instrumentation.mjs peers.mjs'],
  },
  {
    name: '@petiole/opentelemetry: --import, --require',
    group: 'opentelemetry',
    run: [
      'node --import @petiole/opentelemetry/register --import ./meters.mjs measured.mjs',
      'node --require @petiole/opentelemetry/register --import ./meters.mjs measured.cjs',
    ],
    ci: true,
  },
  {
    name: '@petiole/opentelemetry beside the instrumentation for traces, in either order',
    group: 'opentelemetry',
    run: [
      'node --import @petiole/opentelemetry/register --import ./meters.mjs --import ./instrumentation.mjs measured.mjs',
      'node --import ./instrumentation.mjs --import ./meters.mjs --import @petiole/opentelemetry/register measured.mjs',
    ],
    ci: true,
  },
  {
    name: '@petiole/opentelemetry with sdk-node, in either order, ES module and CommonJS',
    group: 'opentelemetry',
    run: [
      'node --import @petiole/opentelemetry/register --import ./sdk.mjs measured.mjs',
      'node --import ./sdk.mjs --import @petiole/opentelemetry/register measured.mjs',
      'node --require @petiole/opentelemetry/register --require ./sdk.cjs measured.cjs',
      'node --require ./sdk.cjs --require @petiole/opentelemetry/register measured.cjs',
    ],
    ci: true,
  },
  {
    name: '@petiole/opentelemetry without @opentelemetry/api: a sentence',
    group: 'opentelemetry',
    run: ['node without-api.mjs'],
    ci: true,
  },
  {
    name: '@petiole/opentelemetry with Bun',
    group: 'opentelemetry',
    runtime: '@oven/bun-linux-x64',
    run: ['bun --preload @petiole/opentelemetry/register --preload ./meters.mjs measured.mjs'],
    ci: true,
  },
  {
    name: '@petiole/opentelemetry with Deno',
    group: 'opentelemetry',
    runtime: '@deno/linux-x64-glibc',
    run: ['deno run -A --preload ./register.mjs --preload ./meters.mjs measured.mjs'],
    ci: true,
  },
];
