/** The lab's process, started from its sources. */
import { launch, node, type Program } from '@petiole/test-kit/processes/program';

const MAIN = new URL('../../src/server/main.ts', import.meta.url);

export interface Started {
  readonly url: string;
  readonly program: Program;
}

/** Resolves when it has said where its page is. */
export async function startProcess(...args: readonly string[]): Promise<Started> {
  const program = launch(node(MAIN, ...args));
  const line = await program.out.line(/http:\/\/\S+/);
  const [url = ''] = /http:\/\/\S+/.exec(line) ?? [];
  return { url, program };
}
