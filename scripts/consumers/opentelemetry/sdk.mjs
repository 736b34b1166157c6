/** Loaded by --import: the same, with the hook of the instrumentation for ES modules. */
import { register } from 'node:module';
import './sdk.cjs';

register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
