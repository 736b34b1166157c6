/** Why `pick_first` has no connection, out of its English (B6). A text of another form is shown as it is. */
import { oneLine } from '@petiole/service-config/internal';

const NO_CONNECTION = /^No connection established\. Last error: (?:Error: )?(.*)\. Resolution note: /s;

export function connectionError(message: string | null): string {
  if (message === null) return 'no connection';
  if (message.startsWith('Picked subchannel '))
    return 'marked unhealthy by the policy above (outlier_detection)';
  const cause = NO_CONNECTION.exec(message)?.[1];
  // pick_first knows no error of a connection that had failed before it came: its subchannel is another channel's, too.
  if (cause === 'null') return 'an earlier connection attempt failed, the next one waits';
  // grpc-js has none for an attempt through an http_proxy.
  if (cause === 'undefined') return 'no cause was given: is there an http_proxy?';
  // OpenSSL's texts end in a line break, and a peer's certificate can put any text into an error.
  return oneLine(cause ?? message);
}
