/**
 * The server's certificate and key: read, checked against each other, and reloaded when they are renewed.
 *
 * Invariant: what leaves this file works together. A broken renewal changes nothing: the previous pair stays.
 * Never: any part of the key in a message.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { Fault } from './errors.ts';
import type { Log } from './log.ts';
import type { UnixSeconds } from './time.ts';

/** A certificate chain and its key, as PEM, that fit each other. */
export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** The last second in which the certificate is valid. */
  readonly endsAt: UnixSeconds;
}

/** Where the files are. Absolute paths. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** How often to check whether the files have changed. */
const FOLLOW_MS = 10_000;

/**
 * Null when the settings ask for no TLS.
 * @throws Fault when the files don't work
 */
export function certificateOf(settings: {
  readonly tlsCert: string | null;
  readonly tlsKey: string | null;
}): CertificateReader | null {
  const { tlsCert: certFile, tlsKey: keyFile } = settings;
  return certFile === null || keyFile === null ? null : new CertificateReader({ certFile, keyFile });
}

/**
 * Calls `reload` soon after one of the files changes, also through symbolic links, which renewals swap. A renewal that
 * doesn't work (yet: the key may come before the certificate) is logged and retried at the next change. Returns a
 * function that ends this.
 */
export function followFiles(certificate: CertificateReader, reload: () => boolean, log: Log): () => void {
  let seen = certificate.fingerprint;
  const timer = setInterval(() => {
    const now = certificate.fingerprint;
    if (now === seen) return;
    seen = now;
    try {
      if (reload()) log.info('the renewed certificate is in use');
    } catch (error) {
      log.warn({ err: error }, 'the renewed certificate does not work; the one from before stays in use');
    }
  }, FOLLOW_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * Reads both files.
 * @throws Fault that names the setting to look at
 */
export function readCertificate({ certFile, keyFile }: CertificateFiles): Certificate {
  const cert = read(certFile, '--tls-cert');
  const key = read(keyFile, '--tls-key');
  const leaf = leafOf(cert, certFile);
  if (!leaf.checkPrivateKey(keyOf(key, keyFile))) {
    throw new Fault(`the key in ${keyFile} does not belong to the certificate in ${certFile}`, {
      hint: '--tls-cert must begin with the certificate that was issued for the key of --tls-key',
    });
  }
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new Fault(`the certificate in ${certFile} can't be used`, {
      hint: 'check the whole chain in --tls-cert: every certificate of it in PEM, one after the other',
      cause: error,
    });
  }
  return { cert, key, endsAt: Math.floor(Date.parse(leaf.validTo) / 1000) };
}

/** The pair in use, which can be renewed. */
export class CertificateReader {
  readonly #files: CertificateFiles;
  #current: Certificate;

  /** @throws Fault when no pair works */
  constructor(files: CertificateFiles) {
    this.#files = files;
    this.#current = readCertificate(files);
  }

  get current(): Certificate {
    return this.#current;
  }

  /** Changes whenever one of the files does. */
  get fingerprint(): string {
    return Object.values(this.#files)
      .map((file: string) => {
        const stat = statSync(file, { throwIfNoEntry: false });
        return stat === undefined ? 'missing' : `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
      })
      .join(' ');
  }

  /**
   * Reads the files again. True when they contain another pair.
   * @throws Fault when the files don't work; then nothing changes
   */
  reload(): boolean {
    const read = readCertificate(this.#files);
    if (read.cert.equals(this.#current.cert) && read.key.equals(this.#current.key)) return false;
    this.#current = read;
    return true;
  }
}

function read(file: string, setting: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'this user may not read it' : code;
    throw new Fault(`can't read ${file}: ${why}`, { hint: `check ${setting}`, cause: error });
  }
}

function leafOf(pem: Buffer, file: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    const isKey = pem.includes('PRIVATE KEY-----');
    throw new Fault(`${file} holds no certificate in PEM`, {
      hint: isKey ? 'it holds a key: give it to --tls-key, and the certificate to --tls-cert' : 'check --tls-cert',
      cause: error,
    });
  }
}

function keyOf(pem: Buffer, file: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    if (isEncrypted(pem)) {
      throw new Fault(`the key in ${file} is encrypted`, {
        hint: 'give --tls-key a key without a passphrase, in a file that only this user may read',
        cause: error,
      });
    }
    throw new Fault(`${file} holds no private key in PEM`, {
      hint: pem.includes('CERTIFICATE-----')
        ? 'it holds a certificate: give it to --tls-cert, and its key to --tls-key'
        : 'check --tls-key',
      cause: error,
    });
  }
}

/** PKCS#8 says so in its first line, the older form in a header (RFC 1421). */
function isEncrypted(pem: Buffer): boolean {
  return pem.includes('BEGIN ENCRYPTED PRIVATE KEY') || pem.includes('Proc-Type: 4,ENCRYPTED');
}
