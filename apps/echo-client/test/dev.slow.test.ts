/** The `dev` scripts of the apps, as their package.json has them, on a program of two files in a folder of its own. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from '@petiole/test-kit/processes/program';
import { expect, onTestFinished, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 60_000 });

const TOOLS = fileURLToPath(new URL('../../../node_modules/.bin', import.meta.url));

function devScript(app: string): string {
  const manifest = readFileSync(new URL(`../../${app}/package.json`, import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { scripts: { dev: string } }).scripts.dev;
}

/** As `git checkout`, `git stash` and `git stash pop` do it: another file takes the name. */
function replace(path: string, text: string): void {
  rmSync(path, { force: true });
  writeFileSync(path, text, { flag: 'wx' });
}

test.each(['echo-client', 'echo-server'])(
  'dev of %s sees a file that git replaces, every time',
  async (app) => {
    const folder = mkdtempSync(join(tmpdir(), 'petiole-dev-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, 'src'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'src/main.ts'), "import './part.js';\nsetInterval(() => {}, 1_000);\n");
    const part = join(folder, 'src/part.ts');
    const say = (version: number): string => `console.log('version ${version}');\n`;
    replace(part, say(0));

    const dev = launch(['sh', '-c', devScript(app)], {
      cwd: folder,
      env: { PATH: `${TOOLS}${delimiter}${process.env.PATH}` },
      detached: true,
    });
    onTestFinished(async () => {
      process.kill(-(dev.pid ?? Number.NaN), 'SIGKILL');
      await dev;
    });
    await dev.out.line(/^version 0$/);
    for (let version = 1; version <= 8; version++) {
      const seen = dev.out.line((line) => line === `version ${version}`);
      replace(part, say(version));
      await seen;
    }
    expect(dev.exitCode).toBeNull();
  },
);
