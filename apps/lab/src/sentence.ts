/** Parts of messages as sentences, for the process and the page. */

/** The text with a full stop, if it has no mark of its own at its end: it may ask `did you mean least_request?`. */
export function ended(text: string): string {
  return /[.?!…]$/.test(text) ? text : `${text}.`;
}
