/** All seeds. */
process.env.ACTING_SEEDS ??= '1000';
await import('./act-in-events.test.js');
