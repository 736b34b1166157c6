/**
 * `peak_ewma` (Finagle, linkerd, Envoy): of two endpoints drawn at random, the one that is likely to answer first. It knows how
 * long each one takes, and how many RPCs are before the next one there.
 */
import { type experimental, status as Status } from '@grpc/grpc-js';
import { type ConfigOf, duration } from '@petiole/service-config';
import type { PolicyEndpoint, Rpc } from '../endpoints/endpoint.js';
import { EndpointPick } from '../endpoints/pick-result.js';
import { watchAnswers } from '../grpc-js/answer-time.js';
import { definePolicy } from '../policy/define-policy.js';
import { type Policy, whenUsed } from '../policy/policy-object.js';
import { BestOfFew } from './choice/best-of-few.js';
import { Fleet, Joined, type SlowStartConfig, slowStart } from './choice/slow-start.js';
import { weightOf } from './choice/weight.js';
import { PeakEwma, type PeakEwmaOptions } from './picking/peak-ewma.js';

/** The JSON config of `peak_ewma`. */
export interface PeakEwmaConfig {
  /** The time in which an estimate comes down to 37 % (1/e): a Duration from `"0.001s"` to `"3600s"`. Default `"10s"`. */
  readonly decayTime?: string | null;
  /** How long an endpoint is thought to take that has an RPC and has never answered. Default `"0.030s"`. */
  readonly defaultRtt?: string | null;
  /** How long a failure is thought to have taken, at least: failing fast is not being fast. Default `"1s"`. */
  readonly errorPenalty?: string | null;
  /** Endpoints that join a running fleet get their share little by little. Default: at once. */
  readonly slowStart?: SlowStartConfig | null;
}

const TIME = { min: '0.001s', max: '3600s' };
const fields = () => ({
  decayTime: duration({ ...TIME, default: '10s' }),
  defaultRtt: duration({ ...TIME, default: '0.030s' }),
  errorPenalty: duration({ ...TIME, default: '1s' }),
  slowStart: slowStart(),
});

/** What says that the server is ill. The other codes are answers, as Envoy has it for its outlier detection. */
const FAILURES: ReadonlySet<Status> = new Set([
  Status.UNKNOWN,
  Status.DEADLINE_EXCEEDED,
  Status.RESOURCE_EXHAUSTED,
  Status.UNIMPLEMENTED,
  Status.INTERNAL,
  Status.UNAVAILABLE,
  Status.DATA_LOSS,
]);

/** What the policy knows of an endpoint. */
class Answers extends Joined {
  readonly latency: PeakEwma = new PeakEwma({ decayTime: 1, defaultRtt: 1, errorPenalty: 1 });
  private plain: experimental.PickResult | undefined = undefined;
  private watched: experimental.PickResult | undefined = undefined;

  /** The endpoint's own, but that we hear of answers: made once for each connection. */
  pickResult({ pickResult }: PolicyEndpoint<Answers>): experimental.PickResult {
    if (this.watched === undefined || this.plain !== pickResult) {
      this.plain = pickResult;
      this.watched = this.watching(pickResult);
    }
    return this.watched;
  }

  private watching(result: experimental.PickResult): experimental.PickResult {
    if (!(result instanceof EndpointPick)) return result;
    const subchannel = watchAnswers(result.subchannel, (code, waited) => this.ended(code, waited));
    return new EndpointPick(result.pickedEndpoint, { ...result, subchannel });
  }

  /** @param waited undefined of a stream, whose length tells nothing */
  private ended(code: Status, waited: number | undefined): void {
    const now = performance.now();
    const { latency } = this;
    if (FAILURES.has(code)) latency.observe(waited ?? 0, true, now);
    else if (waited === undefined) return;
    else if (code !== Status.CANCELLED) latency.observe(waited, false, now);
    else {
      // Whoever gave it up, as a hedge does that has lost, would have waited for longer.
      const least = Math.min(waited, latency.options.errorPenalty);
      if (least > latency.cost(0, 1, now)) latency.observe(least, false, now);
    }
  }
}

class PeakEwmaChooser extends BestOfFew<Answers> {
  /** Servers that are equal differ in their estimates; the one whose estimate is lower by a hair must not win each time. */
  protected override readonly margin = 0.9;
  private now = 0;

  override choose(rpc: Rpc): PolicyEndpoint<Answers> {
    this.now = performance.now();
    return super.choose(rpc);
  }

  protected override load(endpoint: PolicyEndpoint<Answers>): number {
    return endpoint.data.latency.cost(this.inFlight(endpoint), weightOf(endpoint), this.now);
  }
}

/** `peak_ewma`. */
export const peakEwma: Policy<PeakEwmaConfig> = whenUsed(() =>
  definePolicy({
    name: 'peak_ewma',
    fields: fields(),
    createMemory: () => new Fleet(),
    createData: () => new Answers(),
    createPicker(ready, view) {
      const part = view.memory.partOfShare(view);
      const options: PeakEwmaOptions & ConfigOf<ReturnType<typeof fields>> = view.config;
      for (const { data } of ready) data.latency.options = options;
      if (ready.length === 0) return undefined;
      const chooser = new PeakEwmaChooser(ready, 2, part);
      return {
        pick({ rpc }) {
          const endpoint = chooser.choose(rpc);
          return endpoint.data.pickResult(endpoint);
        },
      };
    },
  }),
);
