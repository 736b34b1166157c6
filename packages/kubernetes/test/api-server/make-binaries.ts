/** `pnpm --filter @petiole/kubernetes run binaries`: makes kube-apiserver and etcd, if they are not there yet, and checks what else it takes. */
import { execFileSync } from 'node:child_process';
import { binaries } from './binaries.js';
import { IN_NAMESPACE } from './namespace.js';

binaries().then(
  (made) => {
    const [command, ...args] = IN_NAMESPACE;
    execFileSync(command, [...args, 'ip', 'link', 'set', 'lo', 'up']);
    console.log(made);
  },
  (error: unknown) => {
    console.error(String(error));
    process.exitCode = 1;
  },
);
