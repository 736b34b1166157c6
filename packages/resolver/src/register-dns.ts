/**
 * `node --import @petiole/resolver/register-dns app.js`: takes `dns:` over for all clients of the process, with options
 * from the environment. It registers no policies; an `--import` before this one does.
 */
import { messageOf } from '@petiole/service-config/internal';
// From the index, so that a build has no file more for it.
import { type DnsRefreshOptions, registerRefreshingDnsResolver } from './index.js';
import { optionValue } from './target/query.js';

const VARIABLES = {
  PETIOLE_DNS_REFRESH_INTERVAL: 'refreshInterval',
  PETIOLE_DNS_DEADLINE: 'deadline',
  PETIOLE_DNS_MAX_ENDPOINTS: 'maxEndpoints',
  PETIOLE_DNS_FAMILIES: 'families',
  PETIOLE_DNS_SERVICE_CONFIG: 'serviceConfig',
} as const satisfies { readonly [variable: string]: keyof DnsRefreshOptions };

let options: DnsRefreshOptions = { scheme: 'dns' };
registerRefreshingDnsResolver(options);
for (const [variable, name] of Object.entries(VARIABLES)) {
  const text = process.env[variable]?.trim();
  if (!text) continue; // an empty variable is none
  // A service config is JSON, or the name of a policy.
  const isPolicy = name === 'serviceConfig' && !text.startsWith('{');
  const json = isPolicy ? JSON.stringify({ loadBalancingConfig: [{ [text]: {} }] }) : text;
  options = { ...options, [name]: name === 'serviceConfig' ? json : optionValue(text) };
  try {
    registerRefreshingDnsResolver(options);
  } catch (error) {
    const register = 'an --import before this one is to register it, as @petiole/balancer/register does';
    const hint = isPolicy ? `; ${register}` : '';
    throw new Error(`@petiole/resolver/register-dns: ${variable}: ${messageOf(error)}${hint}`, {
      cause: error,
    });
  }
}
