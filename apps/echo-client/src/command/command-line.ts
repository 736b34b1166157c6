/** The program: its commands, and what `--help` and its errors say whatever the command. */
import { createRequire } from 'node:module';
import { oneLine } from '@petiole/service-config/internal';
import { Command, type Option } from 'commander';
import { addBench, addWatch } from './load-commands.js';
import type { Finish } from './prepared-run.js';
import { UsageError } from './usage-error.js';
import { addVerify } from './verify-command.js';

/** `finish` gets the exit code of the command that was run. */
export function commandLine(finish: Finish): Command {
  const program = new Command('echo-client')
    .description('Sends RPCs to the echo servers through one channel, and shows which server answers.')
    .version(version(), '-V, --version', 'print the version, and that of grpc-js')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(errorLine(text)) })
    .configureHelp({ optionDescription: describeOption })
    .addHelpText('after', EXAMPLES)
    .hook('preAction', (_, command) => refuseArguments(command));
  addVerify(program, finish);
  addWatch(program, finish);
  addBench(program, finish);
  return program;
}

/** The default command also gets what was meant to be a command. */
function refuseArguments({ args }: Command): void {
  const [first] = args;
  if (first === undefined) return;
  throw new UsageError(
    `unknown argument '${first}': allowed are the commands verify, watch and bench, and options`,
  );
}

/** commander would name each option's environment variable as well: the examples say it once for all. */
function describeOption({ description, argChoices, defaultValue, defaultValueDescription }: Option): string {
  const notes = [
    ...(argChoices === undefined ? [] : [`one of ${argChoices.join(', ')}`]),
    ...(defaultValue === undefined ? [] : [`default: ${defaultValueDescription ?? defaultValue}`]),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`;
}

/** commander's message, as this program's errors are written. */
function errorLine(text: string): string {
  const message = oneLine(text).replace(/^error: /, '');
  const hint = /^unknown option/.test(message)
    ? '; the commands are verify, watch and bench, and --help lists the options of each'
    : '';
  return `echo-client: ${message}${hint}\n`;
}

function version(): string {
  const require = createRequire(import.meta.url);
  const own = require('../../package.json') as { version: string };
  const grpc = require('@grpc/grpc-js/package.json') as { version: string };
  return `${own.version} (grpc-js ${grpc.version}, Node.js ${process.versions.node})`;
}

const EXAMPLES = `
Examples:
  echo-client                                      the reference run: 27 RPCs, 3 in a row to each server
  echo-client watch                                a live view; stop a server and see it leave and come back
  echo-client watch --policy least_request --rate 200 --concurrency 8
  echo-client bench --policy all --duration 3s     the policies on this machine, side by side
  echo-client verify --json | jq -r .peer          one JSON object per RPC
  echo-client --target static:[::1]:50051+127.0.0.1:50051 --repeat-count 1
  echo-client watch --admin 127.0.0.1:50053        and: grpcdebug 127.0.0.1:50053 channelz channels

Each option can come from the environment: ECHO_CLIENT_RPC_TIMEOUT=500ms is --rpc-timeout 500ms.
Exit codes: 0 as promised, 1 the promise was broken, 2 usage, 130 Ctrl-C.`;
