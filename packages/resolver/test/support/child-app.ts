/**
 * A program as users write it, for tests of whole processes: asks once over the target in argv, or else in ECHO_TARGET, and, unless told
 * to close, leaves its channel open. It lives on for `linger` milliseconds. With `connect` and a time instead of a deadline for the RPC
 * it sends none, but waits that long for the channel to be READY.
 */
import { Client, credentials } from '@grpc/grpc-js';
import { startRpc } from '@petiole/test-kit/rpc';
import { parseTarget, registerRefreshingDnsResolver, registerSrvResolver } from '../../src/index.js';
import '../../src/register.js';

const { ECHO_TARGET = '' } = process.env;
const [target = ECHO_TARGET, deadline = '5000', rpcDeadline = '15000', close, linger = '0'] =
  process.argv.slice(2);
parseTarget(target);
registerSrvResolver({ refreshInterval: 100, deadline: Number(deadline) });
registerRefreshingDnsResolver({ refreshInterval: 100, deadline: Number(deadline) });

const client = new Client(target, credentials.createInsecure(), { 'grpc.enable_http_proxy': 0 });

if (rpcDeadline.startsWith('connect')) {
  client.waitForReady(Date.now() + Number(rpcDeadline.slice('connect '.length)), (error) => {
    console.log(error ? 'not ready' : 'ready');
  });
} else {
  const { answer, error } = await startRpc(client, { deadline: Date.now() + Number(rpcDeadline) }).ended;
  console.log(error ? `${error.code} ${error.details}` : answer);
  if (close) client.close();
  setTimeout(() => {}, Number(linger));
}
