/** A reader that has seen enough (`| head -1`): ends the process quietly, as nobody is left to read the rest. */
export function endWhenStdoutCloses(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit(0);
    });
  }
}
