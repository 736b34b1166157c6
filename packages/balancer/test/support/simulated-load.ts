/** Unary RPCs over simulated subchannels, on vitest's fake clock: as many at a time as the test says, each as long as it says. */
import { type experimental, Metadata, status } from '@grpc/grpc-js';
import { rpc, type SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { vi } from 'vitest';

type Subchannel = ReturnType<experimental.SubchannelInterface['getRealSubchannel']>;
type CreateCall = Subchannel['createCall'];

export interface SimulatedAnswer {
  readonly ms: number;
  /** Default OK. */
  readonly code?: status;
}

export interface SimulatedLoad {
  readonly workers: number;
  readonly rpcs: number;
  /** Of the server at that address, which has so many RPCs in flight with this one. */
  readonly answer: (address: string, inFlight: number) => SimulatedAnswer;
}

/** Who has made the RPC. */
const DEAF: Parameters<CreateCall>[3] = {
  onReceiveMetadata: () => {},
  onReceiveMessage: () => {},
  onReceiveStatus: () => {},
};

interface Running {
  readonly address: string;
  readonly endsAt: number;
  readonly end: () => void;
}

/** Where each RPC went, in the order of their starts. */
export function simulateLoad(channel: SimulatedChannel, { workers, rpcs, answer }: SimulatedLoad): string[] {
  const addresses: string[] = [];
  const running = new Set<Running>();
  const inFlight = (address: string) => [...running].filter((each) => each.address === address).length;
  while (addresses.length < rpcs || running.size > 0) {
    if (addresses.length < rpcs && running.size < workers) {
      const { address, end } = startUnary(channel);
      const { ms, code = status.OK } = answer(address, inFlight(address) + 1);
      addresses.push(address);
      running.add({ address, endsAt: performance.now() + ms, end: () => end(code) });
    } else {
      const [next] = [...running].sort((a, b) => a.endsAt - b.endsAt) as [Running];
      running.delete(next);
      vi.advanceTimersByTime(Math.max(0, next.endsAt - performance.now()));
      next.end();
    }
  }
  return addresses;
}

/** Picks and starts an RPC as grpc-js does. */
export function startUnary(channel: SimulatedChannel): { address: string; end: (code: status) => void } {
  const result = channel.latest.picker.pick(rpc());
  const { subchannel } = result;
  if (subchannel === null) throw new Error(`no endpoint was picked: ${result.status?.details}`);
  const address = subchannel.getAddress();
  let listener: Parameters<CreateCall>[3] | undefined;
  const createCall: CreateCall = (_metadata, _host, _method, given) => {
    listener = given;
    return { halfClose: () => {} } as ReturnType<CreateCall>;
  };
  Object.assign(channel.subchannel(address), { createCall });
  const metadata = new Metadata();
  subchannel.getRealSubchannel().createCall(metadata, '', '', DEAF, 0).halfClose();
  result.onCallStarted?.();
  return {
    address,
    end: (code) => {
      if (code === status.OK) listener?.onReceiveMessage(Buffer.alloc(0));
      listener?.onReceiveStatus({ code, details: '', metadata });
      result.onCallEnded?.(code, '', metadata);
    },
  };
}
