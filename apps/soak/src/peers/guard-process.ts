/**
 * Kills what a killed soak leaves behind. Servers end when their stdin does,
 * but a frozen one cannot: this process is told of each, and kills all that
 * are left when its own stdin ends.
 */
import { createInterface } from 'node:readline';

const alive = new Set<number>();

process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const [word, id] = line.split(' ');
  if (word === 'started') alive.add(Number(id));
  else alive.delete(Number(id));
});
lines.on('close', () => {
  for (const id of alive) {
    try {
      process.kill(id, 'SIGKILL');
    } catch {
      // It has ended by itself meanwhile.
    }
  }
});
