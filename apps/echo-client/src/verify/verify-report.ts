/** What `verify` prints: the reference transcript, or one JSON object per line. */
import { status } from '@grpc/grpc-js';
import { jsonLine, oneLine } from '@petiole/service-config/internal';
import type { PolicyName } from '../channel/policies.js';
import type { EchoOutcome } from '../channel/unary-echo.js';
import { percent } from '../text/quantities.js';
import { describePeers } from './distribution.js';
import type { VerifyResult } from './verify.js';

export interface VerifyReport {
  answer(outcome: EchoOutcome, endpoint: string | undefined): void;
  end(result: VerifyResult): void;
}

/** The lines of grpc-go's example; the verdict on stderr if it is a bad one. */
export function transcript(policy: PolicyName, iterations: number): VerifyReport {
  return {
    answer({ peer, message }) {
      console.log(`Response from peer "${peer}": message:"${oneLine(message)}"`);
    },
    end(result) {
      const { verdict, problem, shares, peers, planned } = result;
      if (verdict === 'broken') console.error(`echo-client: ${problem}`);
      else if (verdict === 'interrupted') {
        console.log(`Interrupted after ${peers.length} of ${planned} RPCs: ${describePeers(peers)}`);
      } else if (policy === 'custom_round_robin') {
        const ratio = shares.filter(({ rpcs }) => rpcs > 0).map(() => 1);
        console.log(
          `Successful ${iterations === 1 ? 'iteration' : 'multiple iterations'} of ${ratio.join(':')} ratio`,
        );
      } else {
        console.log(`${peers.length} of ${planned} RPCs were answered under ${policy}. Shares:`);
        for (const { endpoint, rpcs } of shares) {
          console.log(`  ${percent(rpcs / peers.length)}  ${rpcs}  ${endpoint}`);
        }
      }
    },
  };
}

/** One object for each RPC (`"type":"rpc"`) and a last one of `"type":"summary"`. */
export function verifyJson(policy: PolicyName, target: string): VerifyReport {
  let number = 0;
  return {
    answer({ code, peer, message, latencyMs }, endpoint) {
      number += 1;
      const latency = Math.round(latencyMs * 1000) / 1000;
      print({ type: 'rpc', number, status: status[code], peer, endpoint, message, latencyMs: latency });
    },
    end({ verdict, problem, planned, peers, shares }) {
      print({
        type: 'summary',
        verdict,
        ...(problem === '' ? {} : { problem }),
        policy,
        target,
        rpcs: { planned, answered: peers.length },
        shares: shares.map(({ endpoint, rpcs }) => ({
          endpoint,
          rpcs,
          share: peers.length === 0 ? 0 : rpcs / peers.length,
        })),
      });
      if (verdict === 'broken') console.error(`echo-client: ${problem}`);
    },
  };
}

function print(line: object): void {
  console.log(jsonLine(line));
}
