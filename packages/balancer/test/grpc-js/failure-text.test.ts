/** The texts of `pick_first`, and what becomes of one that is worded otherwise. */
import { expect, test } from 'vitest';
import { connectionError } from '../../src/grpc-js/failure-text.js';

const of = (cause: string) =>
  `No connection established. Last error: ${cause}. Resolution note: of a resolver`;

test.each([
  [null, 'no connection'],
  [of('Error: connect ECONNREFUSED 127.0.0.1:1'), 'connect ECONNREFUSED 127.0.0.1:1'],
  [of('Error: two\nlines'), 'two lines'],
  [of('null'), 'an earlier connection attempt failed, the next one waits'],
  [of('undefined'), 'no cause was given: is there an http_proxy?'],
  ['Picked subchannel 127.0.0.1:1 is unhealthy', 'marked unhealthy by the policy above (outlier_detection)'],
  ['Nothing is connected, because of\nsomething', 'Nothing is connected, because of something'],
])('%j is shown as %j', (text, shown) => {
  expect(connectionError(text)).toBe(shown);
});
