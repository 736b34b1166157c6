/**
 * Before the tests of an app run, each app that they start as a process becomes one file: a process that reads a hundred
 * sources through a loader takes a second to start. Each source keeps its `import.meta.url`, and packages from npm are
 * loaded from where the app finds them.
 */
import { existsSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import type { TestProject } from 'vitest/node';
import { type App, bundledApp } from './program.js';

const APPS = fileURLToPath(new URL('../../../../apps/', import.meta.url));
const INSTALLED = /[\\/]node_modules[\\/]/;

export async function setup({ config: { root } }: TestProject): Promise<void> {
  const inOwn = join(root, 'src/main.ts');
  if (!root.startsWith(APPS) || !existsSync(inOwn)) return;
  await Promise.all([bundle('echo-server', root), bundle('echo-client', root)]);
}

async function bundle(app: App, root: string): Promise<void> {
  const build = await rolldown({
    input: join(APPS, app, 'src/main.ts'),
    platform: 'node',
    resolve: { conditionNames: ['@petiole/source', 'node', 'import', 'module-sync'] },
    plugins: [
      {
        name: 'packages-stay-where-they-are',
        async resolveId(id, importer) {
          if (isBuiltin(id)) return { id, external: true };
          const found = await this.resolve(id, importer, { skipSelf: true });
          if (found === null || !INSTALLED.test(found.id)) return found;
          return { id: pathToFileURL(found.id).href, external: true };
        },
        transform: (code, id) => code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href)),
      },
    ],
  });
  await build.write({ file: bundledApp(app, root), format: 'es', codeSplitting: false });
  await build.close();
}
