/** Resolves when all that has happened so far has been told: events and lines of the log come a tick later. */
export const told = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
