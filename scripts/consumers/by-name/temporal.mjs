/** Temporal's client knows an address. It asks for the server's information itself when it connects: once more than the nine RPCs. */
import { Connection } from '@temporalio/client';
import { askByName } from './servers.mjs';

const path = '/temporal.api.workflowservice.v1.WorkflowService/GetSystemInfo';
const answers = await askByName(path, async (address) => {
  const connection = await Connection.connect({ address });
  for (let i = 0; i < 17; i += 1) await connection.workflowService.getSystemInfo({});
  await connection.close();
});
console.log(answers.slice(9));
