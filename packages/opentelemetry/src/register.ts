/**
 * `node --import @petiole/opentelemetry/register app.js` records the metrics of every client of the process with the global
 * MeterProvider, whenever the application sets one. No code changes.
 */
import { instrument } from './instrument.js';

instrument();
