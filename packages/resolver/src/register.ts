/**
 * `import '@petiole/resolver/register'`, or `node --import @petiole/resolver/register app.js`:
 * registers every resolver of this package with grpc-js, with default options. The flag finds the package from the
 * current directory.
 */
import { registerRefreshingDnsResolver } from './schemes/dns-refresh.js';
import { registerManualResolver } from './schemes/manual.js';
import { registerSrvResolver } from './schemes/srv.js';
import { registerStaticResolver } from './schemes/static.js';

registerStaticResolver();
registerManualResolver();
registerSrvResolver();
registerRefreshingDnsResolver();
