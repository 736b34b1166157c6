/** Many causes in one status message, bounded: it travels in headers and is read by people. */

const MOST = 10;

/** Room for ten causes, or for the path to a deep field of a service config. */
export const LONGEST_NOTE = 2000;

/** The first ten causes, and how many more there are. */
export function summarize(causes: readonly string[]): string {
  const shown = causes.slice(0, MOST).join('; ');
  return causes.length > MOST ? `${shown}; and ${causes.length - MOST} more` : shown;
}

/** Notes about different things in one, without those that are empty. */
export function joinNotes(...notes: readonly string[]): string {
  return notes.filter((note) => note !== '').join('; ');
}
