/**
 * Algorithms that sign JWTs with a private key and prove them with a public one (RFC 7518 section 3.1, RFC 9864). With
 * these alone, a public key is never taken for a shared one.
 */
export const SIGNATURE_ALGORITHMS: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
