/** An application's folder outside of this repository: empty, then filled by npm, then run. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { consumers } from './consumer-tools.mjs';
import { root } from './published-packages.mjs';

const FLAGS = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error'];
const LIMIT_MS = 120_000;

/** The grpc-js that the tests of this workspace run with. */
export const grpcJs = `@grpc/grpc-js@${
  JSON.parse(readFileSync(join(root, 'packages/balancer/node_modules/@grpc/grpc-js/package.json'), 'utf8'))
    .version
}`;

/** An empty project with the applications of consumers/apps; its npm and node are those of `nodeDirectory`. */
export function makeProject(directory, { nodeDirectory, npmrc = '' } = {}) {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ name: 'consumer', private: true }));
  writeFileSync(join(directory, '.npmrc'), npmrc);
  cpSync(join(consumers, 'apps'), directory, { recursive: true });
  const env = environment(nodeDirectory);
  return {
    directory,
    npmInstall: (...specs) => execute('npm', ['install', ...FLAGS, ...specs], { cwd: directory, env }),
    /** `{ output, errors }` of a process that ends with 0; throws otherwise. */
    run: (...args) => execute('node', args, { cwd: directory, env }),
  };
}

/** As it would be without pnpm, which may be running this script, and without what its user set for other runs. */
export function environment(nodeDirectory) {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^npm_(?!config_)|^NODE_|^GRPC_/.test(name),
  );
  const PATH = nodeDirectory ? nodeDirectory + delimiter + process.env.PATH : process.env.PATH;
  return { ...Object.fromEntries(inherited), PATH };
}

async function execute(command, args, options) {
  try {
    const result = await promisify(execFile)(command, args, { timeout: LIMIT_MS, ...options });
    return { output: result.stdout.trim(), errors: result.stderr.trim() };
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')}:\n${error.stdout ?? ''}${error.stderr || error.message}`);
  }
}
