/**
 * `import '@petiole/resolver/register'`, or `node --import @petiole/resolver/register app.js`:
 * registers every resolver of this package with grpc-js, with default options.
 */
import { registerManualResolver } from './manual-resolver.js';
import { registerStaticResolver } from './static-resolver.js';

registerStaticResolver();
registerManualResolver();
