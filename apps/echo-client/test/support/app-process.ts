/** The two apps as child processes, each in one file; root-start.slow.test.ts runs their scripts. */
import { fileURLToPath } from 'node:url';
import { type App, appCommand, launch, type Program } from '@petiole/test-kit/processes/program';
import { tcp } from '@petiole/test-kit/tcp';

const APPS = fileURLToPath(new URL('../../..', import.meta.url));

/** The pnpm that runs these tests, or the README's where none does. */
export const PNPM: readonly string[] = /pnpm\.c?js$/.test(process.env.npm_execpath ?? '')
  ? ['node', process.env.npm_execpath ?? '']
  : ['npx', '--yes', 'pnpm@10.34.8'];

/** Starts an app from its sources; `env` adds to ours. */
export function startApp(app: App, env: Record<string, string> = {}): Program {
  return launch(appCommand(app), { cwd: `${APPS}${app}`, env });
}

/** Which of the servers' default addresses somebody listens on: nothing, once all apps are gone. */
export async function listeningDefaults(): Promise<readonly string[]> {
  const addresses = ['127.0.0.1:50050', '[::1]:50051', '127.0.0.1:50052', '[::1]:50052'];
  const found = await Promise.all(
    addresses.map(async (address) => {
      const [, host = '', port] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
      return (await tcp(host, Number(port))) === 'open' ? [address] : [];
    }),
  );
  return found.flat();
}
