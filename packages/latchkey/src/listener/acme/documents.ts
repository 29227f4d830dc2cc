/**
 * What ACME needs of X.509: a request for a certificate, the certificate that answers TLS-ALPN-01, and one to speak TLS
 * with until there is a real one.
 *
 * Source: RFC 2986 (requests), RFC 8737 (TLS-ALPN-01), RFC 9773 (identifiers of certificates).
 */
// `@peculiar/x509` wants it there before itself.
import 'reflect-metadata';
import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  type X509Certificate as NodeCertificate,
} from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  Extension,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { DAY_SEC, type UnixSeconds } from '../../base/time.ts';

const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;
/** id-pe-acmeIdentifier. */
const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31';
/** Until it is replaced by a real one; the clocks of both sides may differ by a day. */
const OWN_LIFE_SEC = 2 * DAY_SEC;

/** A key and a certificate in PEM, in the order of a file that has both. */
export interface KeyAndChain {
  readonly key: string;
  readonly chain: string;
}

export function makeKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

export function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** A request for a certificate of this key with these names, in DER. */
export async function requestFor(key: KeyObject, domains: readonly string[]): Promise<Uint8Array> {
  const request = await Pkcs10CertificateRequestGenerator.create({
    keys: pairOf(key),
    signingAlgorithm: SIGNING,
    extensions: [namesOf(domains)],
  });
  return new Uint8Array(request.rawData);
}

/** Answers TLS-ALPN-01 for a name, once. */
export async function challengeCertificate(
  domain: string,
  keyAuthorization: string,
  now: UnixSeconds,
): Promise<KeyAndChain> {
  const digest = createHash('sha256').update(keyAuthorization).digest();
  const octets = Buffer.concat([Buffer.from([0x04, digest.length]), digest]);
  return selfSigned([domain], now, [new Extension(ACME_IDENTIFIER, true, octets)]);
}

/** Stands in for a certificate that is still to come. No client trusts it. */
export function standIn(domains: readonly string[], now: UnixSeconds): Promise<KeyAndChain> {
  return selfSigned(domains, now, []);
}

async function selfSigned(
  domains: readonly string[],
  now: UnixSeconds,
  extensions: readonly Extension[],
): Promise<KeyAndChain> {
  const key = makeKey();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Latchkey',
    keys: pairOf(key),
    signingAlgorithm: SIGNING,
    notBefore: new Date((now - OWN_LIFE_SEC) * 1000),
    notAfter: new Date((now + OWN_LIFE_SEC) * 1000),
    extensions: [namesOf(domains), ...extensions],
  });
  return { key: pemOf(key), chain: `${certificate.toString('pem')}\n` };
}

/**
 * The identifier of a certificate by RFC 9773 section 4.1: its authority's key and its number, each in base64url; null
 * without the former.
 */
export function certificateId(certificate: NodeCertificate): string | null {
  const parsed = new X509Certificate(certificate.raw);
  const keyId = parsed.getExtension(AuthorityKeyIdentifierExtension)?.keyId;
  if (keyId === undefined) return null;
  const number = Buffer.from(parsed.serialNumber, 'hex');
  // As DER has it: a positive number doesn't begin with a bit that is set.
  const octets = (number[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.from([0]), number]) : number;
  return `${Buffer.from(keyId, 'hex').toString('base64url')}.${octets.toString('base64url')}`;
}

function namesOf(domains: readonly string[]): SubjectAlternativeNameExtension {
  return new SubjectAlternativeNameExtension(domains.map((value) => ({ type: 'dns' as const, value })));
}

/** The types of Node and of the DOM name the uses of keys differently. */
function pairOf(key: KeyObject): CryptoKeyPair {
  return {
    privateKey: key.toCryptoKey(P256, true, ['sign']) as CryptoKey,
    publicKey: createPublicKey(key).toCryptoKey(P256, true, ['verify']) as CryptoKey,
  };
}
