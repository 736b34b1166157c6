/**
 * `import '@petiole/resolver/register'`, or `node --import @petiole/resolver/register app.js`:
 * registers every resolver of this package with grpc-js, with default options. The flag finds the package from the
 * current directory.
 */
import { registerRefreshingDnsResolver } from './dns-refresh-resolver.js';
import { registerManualResolver } from './manual-resolver.js';
import { registerSrvResolver } from './srv-resolver.js';
import { registerStaticResolver } from './static-resolver.js';

registerStaticResolver();
registerManualResolver();
registerSrvResolver();
registerRefreshingDnsResolver();
