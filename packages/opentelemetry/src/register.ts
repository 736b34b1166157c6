/**
 * `node --import @petiole/opentelemetry/register app.js` records the metrics of every client of the process with the global
 * MeterProvider, whenever the application sets one. No code changes.
 */
// From the index, so that a build has no file more for it.
import { instrument } from './index.js';

instrument();
