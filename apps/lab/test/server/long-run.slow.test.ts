/**
 * The lab's process at 500 RPC/s: its memory is level, and a page that is open costs the thread of the client next to nothing.
 * The first run takes ten minutes, or `LAB_MINUTES`: what is kept for pages that open late is full by then.
 */
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { node, start } from '@petiole/test-kit/processes/program';
import { expect, test } from 'vitest';
import { TOKEN_HEADER } from '../../src/protocol.js';
import { openLab } from './open-lab.js';

const APP = fileURLToPath(new URL('../..', import.meta.url));
const MINUTES = Number(process.env.LAB_MINUTES ?? 10);
const MIB = 2 ** 20;

setFlagsFromString('--expose_gc');
const collect = runInNewContext('gc') as () => void;

function heap(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

test(`memory is level over ${MINUTES} min`, { timeout: (MINUTES + 1) * 60_000 }, async () => {
  const lab = await openLab(500);
  await lab.rpcs(2_000);
  const before = heap();
  const end = performance.now() + MINUTES * 60_000;
  let rpcs = 0;
  for (; performance.now() < end; rpcs += 2_000) await lab.rpcs(2_000);
  const growth = heap() - before;
  await lab.close();
  console.log(`${rpcs} RPCs: the heap grew by ${(growth / MIB).toFixed(1)} MiB`);
  // What is kept for pages that open late takes half of this.
  expect(growth).toBeLessThan(16 * MIB);
});

const SLICE_MS = 3_000;
const PAIRS = 6;

test.runIf(existsSync('/proc/self/task'))(
  'an open page costs the client little',
  { timeout: 120_000 },
  async () => {
    const program = start(node('src/server/main.ts', '--port', '0', '--rate', '500'), { cwd: APP });
    const url = await program.out.after('The lab is open:');
    const token = /lab-token" content="(\w+)"/.exec(await (await fetch(url)).text())?.[1] ?? '';
    /** Of the thread that the client runs in: `utime` and `stime`, in hundredths of a second. */
    const cpu = (): number => {
      const stat = readFileSync(`/proc/${program.pid}/task/${program.pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(fields[11]) + Number(fields[12]);
    };
    const slice = async (): Promise<number> => {
      const before = cpu();
      await delay(SLICE_MS);
      return cpu() - before;
    };
    await delay(SLICE_MS);
    const ratios: number[] = [];
    for (let pair = 0; pair < PAIRS; pair++) {
      const alone = await slice();
      const page = new AbortController();
      const answer = await fetch(`${url}api/events`, {
        headers: { [TOKEN_HEADER]: token },
        signal: page.signal,
      });
      const read = answer.body?.pipeTo(new WritableStream()).catch(() => undefined);
      // The beginning, which is sent once, is not what a page costs that is open.
      await delay(500);
      ratios.push((await slice()) / alone);
      page.abort();
      await read;
    }
    const middle = ratios.sort((one, other) => one - other)[PAIRS / 2] as number;
    console.log(`CPU of the client's thread with a page open: ${middle.toFixed(3)} of without`);
    // Machines that run tests are noisy: what is to be found here is a page that costs as much as the RPCs.
    expect(middle).toBeLessThan(1.5);
  },
);
