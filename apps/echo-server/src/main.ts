/**
 * The echo servers' process: opens every listener, says so on stdout, serves
 * until it is asked to stop, drains, and exits with 0. A listener that cannot
 * be opened is one line on stderr and exit code 1.
 */
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { listenAddresses } from './listen-addresses.js';
import { type Listener, startListeners } from './listener.js';
import { onStopRequest } from './stop-request.js';

/** How long RPCs in flight may take to finish once a stop was requested. */
const GRACE_MS = 5_000;

let listeners: readonly Listener[] = [];
// Registered before binding: a stop that comes while the listeners open must not go past them.
onStopRequest((earlierRequests) => {
  // A second request means "now": it does not wait for RPCs.
  if (earlierRequests > 0) process.exit(0);
  void started
    .then(() => Promise.all(listeners.map((listener) => listener.stop(GRACE_MS))))
    .then(() => process.exit(0));
});

// grpc-js logs a failed bind as an error of its own, without the address; the line below says it better.
const quietWhileBinding = process.env.GRPC_VERBOSITY === undefined;
if (quietWhileBinding) setLogVerbosity(logVerbosity.NONE);

const started = startListeners(listenAddresses(process.env)).then(
  (opened) => {
    if (quietWhileBinding) setLogVerbosity(logVerbosity.ERROR);
    listeners = opened;
    console.log(`serving on ${opened.map((listener) => listener.address).join(', ')}`);
  },
  (error: Error) => {
    console.error(`echo-server: ${error.message}`);
    process.exit(1);
  },
);
