/** Certificates for tests of TLS, and the credentials of grpc-js that are made of them. */
import { isIP } from 'node:net';
import { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js';
import { generate } from 'selfsigned';

/** As PEM. */
export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

/** A certificate for these host names and addresses, vouched for by `ca`, or by nobody but itself. */
export async function issue(names: readonly string[], ca?: KeyPair): Promise<KeyPair> {
  const made = await generate([{ name: 'commonName', value: names[0] ?? '' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ...(ca && { ca }),
    extensions: [
      { name: 'basicConstraints', cA: ca === undefined, critical: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) => (isIP(name) ? { type: 7, ip: name } : { type: 2, value: name })),
      },
    ],
  });
  return { key: made.private, cert: made.cert };
}

/** With `clientCa` only clients that it vouches for get in. */
export function serving({ key, cert }: KeyPair, clientCa?: KeyPair): ServerCredentials {
  const pairs = [{ private_key: Buffer.from(key), cert_chain: Buffer.from(cert) }];
  return ServerCredentials.createSsl(
    clientCa ? Buffer.from(clientCa.cert) : null,
    pairs,
    clientCa !== undefined,
  );
}

/** Trusts whom `ca` vouches for, and shows `own` to whoever asks. */
export function trusting(ca: KeyPair, own?: KeyPair): ChannelCredentials {
  return ChannelCredentials.createSsl(
    Buffer.from(ca.cert),
    own ? Buffer.from(own.key) : null,
    own ? Buffer.from(own.cert) : null,
  );
}
