/** What a policy's own code throws: logged once, as most of it comes with each RPC, and never thrown out of a socket's event. */
import { logError, stackOf, thrownText } from '@petiole/service-config/internal';

export class BugReports {
  private readonly policy: string;
  private latest: string | undefined = undefined;

  constructor(policy: string) {
    this.policy = policy;
  }

  /** @returns what to tell the RPCs that fail with it */
  report(where: string, error: unknown): string {
    const text = `${this.policy}: its ${where} threw ${thrownText(error)}`;
    const bug = `${text}${stackOf(error)}`;
    if (bug !== this.latest) logError(bug);
    this.latest = bug;
    return text;
  }

  /** The function, of a policy's definition, that reports what it throws and gives undefined then. */
  caught<Args extends unknown[], Result>(
    where: string,
    hook: ((...args: Args) => Result) | undefined,
    self: unknown,
  ): ((...args: Args) => Result) | undefined {
    if (hook === undefined) return undefined;
    return (...args) => {
      try {
        return hook.apply(self, args);
      } catch (error) {
        this.report(where, error);
        return undefined as Result;
      }
    };
  }
}
