/**
 * nginx as a proxy for gRPC: the one that is installed, or else that of Debian's package, unpacked into the cache of the user. It
 * listens on a Unix socket, since it cannot choose a port of its own.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { start } from '@petiole/test-kit/processes/program';
import { expect, onTestFinished } from 'vitest';

const run = promisify(execFile);
const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'petiole');

/** Its file; undefined where it cannot be had. */
export async function findNginx(): Promise<string | undefined> {
  const unpacked = join(CACHE, 'nginx');
  for (const file of ['nginx', '/usr/sbin/nginx', unpacked]) if (await runs(file)) return file;
  await unpack(unpacked).catch(() => {});
  return (await runs(unpacked)) ? unpacked : undefined;
}

function runs(file: string): Promise<boolean> {
  return run(file, ['-v']).then(
    () => true,
    () => false,
  );
}

async function unpack(target: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'petiole-nginx-'));
  try {
    await run('apt-get', ['download', 'nginx'], { cwd: folder, timeout: 60_000 });
    const [archive = ''] = await readdir(folder);
    await run('dpkg-deb', ['-x', archive, 'all'], { cwd: folder });
    await mkdir(CACHE, { recursive: true });
    const beside = `${target}.${process.pid}`;
    await copyFile(join(folder, 'all/usr/sbin/nginx'), beside);
    await rename(beside, target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Starts one that passes all RPCs on to `backend`, with the number of the client's connection in the header `x-connection`.
 *
 * @param directives of its `server` block
 * @returns the path of its socket
 */
export async function startNginx(file: string, backend: string, directives: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'petiole-nginx-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const socket = join(folder, 'socket');
  const config = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (what) => `${what}_temp_path ${folder}/${what};`,
  );
  await writeFile(
    config,
    `daemon off; master_process off; pid ${folder}/pid;
    events { worker_connections 512; }
    http {
      access_log off; ${temporary.join(' ')}
      server {
        listen unix:${socket} http2; ${directives}
        location / { grpc_pass grpc://${backend}; grpc_set_header x-connection $connection; }
      }
    }`,
  );
  start([file, '-e', 'stderr', '-p', folder, '-c', config]);
  await expect.poll(() => accepts(socket), { timeout: 10_000 }).toBe(true);
  return socket;
}

function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.on('error', () => resolve(false));
    socket.on('connect', () => resolve(true));
    socket.on('connect', () => socket.destroy());
  });
}
