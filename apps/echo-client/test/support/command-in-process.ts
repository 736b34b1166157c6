/**
 * A whole command in the test's own process, with real channels: for what does not need a process, a second cheaper.
 * One at a time: the client listens to all channels of its process.
 */
import { vi } from 'vitest';
import { runCommandLine } from '../../src/command/run-command-line.js';

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function command(
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<CommandResult> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const spies = [
    vi.spyOn(console, 'log').mockImplementation((text) => void stdout.push(`${text}\n`)),
    vi.spyOn(console, 'error').mockImplementation((text) => void stderr.push(`${text}\n`)),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => stderr.push(String(text)) > 0),
  ];
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  try {
    const exitCode = await runCommandLine(args);
    return { exitCode, stdout: stdout.join('').trimEnd(), stderr: stderr.join('').trimEnd() };
  } finally {
    for (const spy of spies) spy.mockRestore();
    for (const name of Object.keys(environment)) vi.stubEnv(name, undefined);
  }
}
