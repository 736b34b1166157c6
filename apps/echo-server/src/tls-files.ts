/**
 * The files of `--tls-cert`, `--tls-key` and `--tls-client-ca`: read and
 * checked before anything listens, because OpenSSL's own words name no file.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ServerCredentials } from '@grpc/grpc-js';

export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** With it, only clients with a certificate of this authority get in. */
  readonly clientCa: Buffer | undefined;
}

/** The content of a file of certificates. @throws {Error} that says what is wrong with it. */
export function readCertificate(path: string): Buffer {
  return readPem(path, 'a certificate', (pem) => new X509Certificate(pem));
}

/** The content of a file with a private key. @throws {Error} that says what is wrong with it. */
export function readPrivateKey(path: string): Buffer {
  return readPem(path, 'a private key without a passphrase', (pem) => createPrivateKey(pem));
}

/** True if the key belongs to the certificate. */
export function isKeyOf(cert: Buffer, key: Buffer): boolean {
  return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
}

/** Plain text without files. */
export function serverCredentials(tls: TlsFiles | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const { cert, key, clientCa } = tls;
  return ServerCredentials.createSsl(
    clientCa ?? null,
    [{ cert_chain: cert, private_key: key }],
    clientCa !== undefined,
  );
}

function readPem(path: string, what: string, parse: (pem: Buffer) => unknown): Buffer {
  let pem: Buffer;
  try {
    pem = readFileSync(path);
  } catch (error) {
    throw new Error(`It cannot be read: ${(error as Error).message}.`, { cause: error });
  }
  try {
    parse(pem);
  } catch (error) {
    throw new Error(`It must hold ${what}, in PEM form.`, { cause: error });
  }
  return pem;
}
