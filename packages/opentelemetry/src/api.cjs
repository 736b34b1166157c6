/**
 * What is used of @opentelemetry/api, in a CommonJS file, as it is: an ES module's import of a package that is missing can't be
 * caught, and would end in Node.js's own words.
 */
'use strict';

const api = load();
exports.context = api.context;
exports.metrics = api.metrics;
exports.ValueType = api.ValueType;

function load() {
  try {
    return require('@opentelemetry/api');
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    throw new Error(
      '@petiole/opentelemetry records by @opentelemetry/api, which cannot be found beside it: npm install @opentelemetry/api',
      { cause: error },
    );
  }
}
