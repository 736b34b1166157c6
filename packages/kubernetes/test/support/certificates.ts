/** A CA of the tests' own, and certificates that it signs. */
import { generate } from 'selfsigned';

export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

export async function makeCa(): Promise<KeyPair> {
  const root = await generate([{ name: 'commonName', value: 'Petiole test CA' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  return { key: root.private, cert: root.cert };
}

/** For a server on 127.0.0.1, or for a client of that name. */
export async function issue(
  ca: KeyPair,
  commonName: string,
  usage: 'serverAuth' | 'clientAuth',
): Promise<KeyPair> {
  const pair = await generate([{ name: 'commonName', value: commonName }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ca,
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'extKeyUsage', [usage]: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
    ],
  });
  return { key: pair.private, cert: pair.cert };
}
