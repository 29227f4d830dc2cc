/**
 * SSH public keys, as people paste them: `ssh-ed25519 AAAA… comment`.
 *
 * Source: RFC 4253 section 6.6, RFC 5656, RFC 8709; OpenSSH PROTOCOL.u2f for the `sk-` types.
 */

/** Type → length in bytes of the part that is checked. RSA keys are measured. */
const KEY_BYTES: Readonly<Record<string, number>> = {
  'ssh-ed25519': 32,
  'ecdsa-sha2-nistp256': 65,
  'ecdsa-sha2-nistp384': 97,
  'ecdsa-sha2-nistp521': 133,
  'sk-ssh-ed25519@openssh.com': 32,
  'sk-ecdsa-sha2-nistp256@openssh.com': 65,
};
/** Shorter RSA keys can be broken. */
const MIN_RSA_BITS = 2048;
/** Longest text of a key. */
const MAX_KEY_LENGTH = 16_384;

export interface SshKey {
  readonly type: string;
  /** The bytes that the fingerprint is made from. */
  readonly blob: Uint8Array;
  readonly comment: string;
}

/** GitHub's words. */
const NO_KEY = 'key is invalid. You must supply a key in OpenSSH public key format';
const NEW_KEY = 'Make another: ssh-keygen -t ed25519';

/** Reads a key. What it can't be, and why, comes back in a sentence. */
export function readSshKey(text: string): SshKey | string {
  if (/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(text))
    return 'That is a private key: it stays with you. Paste the file beside it that ends in .pub.';
  const key = parseSshKey(text);
  if (key !== null) return key;
  const [type = ''] = text.trim().split(/\s/, 1);
  if (type === 'ssh-dss') return `DSA keys are too weak. ${NEW_KEY}`;
  if (type === 'ssh-rsa') return `An RSA key has ${MIN_RSA_BITS} bits or more, and nothing behind it. ${NEW_KEY}`;
  if (/-cert-v\d+@openssh\.com$/.test(type)) return 'Certificates are not taken. Paste the public key itself.';
  return NO_KEY;
}

/** Null when it isn't one, or is too weak. */
export function parseSshKey(text: string): SshKey | null {
  const match =
    text.length > MAX_KEY_LENGTH ? null : /^([a-z0-9@.-]+) +([A-Za-z0-9+/]+={0,2})(?: +([^\r\n]*))?$/.exec(text.trim());
  if (match === null) return null;
  const [, type = '', encoded = '', comment = ''] = match;
  const blob = Buffer.from(encoded, 'base64');
  const parts = partsOf(blob);
  if (parts === null || parts[0]?.toString('latin1') !== type) return null;
  return isStrong(type, parts) ? { type, blob, comment } : null;
}

/** Each part follows its length (RFC 4251 section 5, "string"); null when the parts don't fill the whole. */
function partsOf(blob: Buffer): Buffer[] | null {
  const parts: Buffer[] = [];
  let at = 0;
  while (at < blob.length) {
    if (at + 4 > blob.length) return null;
    const end = at + 4 + blob.readUInt32BE(at);
    if (end > blob.length) return null;
    parts.push(blob.subarray(at + 4, end));
    at = end;
  }
  return parts;
}

function isStrong(type: string, parts: readonly Buffer[]): boolean {
  if (type === 'ssh-rsa') {
    const modulus = parts[2];
    const bytes = modulus === undefined ? 0 : modulus.length - (modulus[0] === 0 ? 1 : 0);
    return parts.length === 3 && bytes * 8 >= MIN_RSA_BITS;
  }
  const wanted = Object.hasOwn(KEY_BYTES, type) ? KEY_BYTES[type] : undefined;
  const point = type.includes('ecdsa') ? parts[2] : parts[1];
  return (
    wanted !== undefined &&
    point?.length === wanted &&
    parts.length === 2 + Number(type.includes('ecdsa')) + Number(type.startsWith('sk-'))
  );
}
