/** Unary RPCs of a `Backend`, for tests and for the programs that they run. */
import {
  type CallOptions,
  type Client,
  type ClientUnaryCall,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { UNARY } from './backend.js';

export interface RpcOptions extends CallOptions {
  readonly metadata?: Metadata;
}

export interface Outcome {
  /** The server that the RPC was sent to; the channel's target if it was sent nowhere. */
  readonly peer: string;
  readonly answer: string;
  /** Undefined if the RPC was answered. */
  readonly error: ServiceError | undefined;
}

const same = (value: Buffer): Buffer => value;

/** Starts one; `ended` resolves however it ends. Default deadline: 5 s. */
export function startRpc(
  client: Client,
  { metadata = new Metadata(), ...options }: RpcOptions = {},
): { call: ClientUnaryCall; ended: Promise<Outcome> } {
  let end: (outcome: Outcome) => void = () => {};
  const ended = new Promise<Outcome>((resolve) => {
    end = resolve;
  });
  const call = client.makeUnaryRequest(
    UNARY,
    same,
    same,
    Buffer.from('hello'),
    metadata,
    { deadline: Date.now() + 5000, ...options },
    (error: ServiceError | null, answer?: Buffer) =>
      end({ peer: call.getPeer(), answer: String(answer), error: error ?? undefined }),
  );
  return { call, ended };
}

/** What the server answers: its name. Rejects with grpc-js's ServiceError. */
export async function ask(client: Client, deadlineMs = 5000): Promise<string> {
  const { answer, error } = await startRpc(client, { deadline: Date.now() + deadlineMs }).ended;
  if (error) throw error;
  return answer;
}

/** Asks until each of these servers has answered. */
export async function askUntilAll(client: Client, names: readonly string[], attempts = 500): Promise<void> {
  const missing = new Set(names);
  for (let attempt = 0; missing.size > 0; attempt += 1) {
    if (attempt === attempts) throw new Error(`never heard from ${[...missing].join(', ')}`);
    missing.delete(await ask(client));
  }
}
