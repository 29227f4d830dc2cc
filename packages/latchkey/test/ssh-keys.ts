/**
 * Public keys in OpenSSH's format, made with only Node (RFC 4253 section 6.6, RFC 5656, RFC 8709), so that no test
 * needs ssh-keygen.
 */
import { generateKeyPairSync } from 'node:crypto';

export type SshKeyType = 'ed25519' | 'rsa' | 'ecdsa';

/** `ssh-ed25519 AAAA… comment`. `bits` is the modulus of RSA, or 256, 384 or 521 for ECDSA. */
export function sshPublicKey(type: SshKeyType, bits = type === 'rsa' ? 2048 : 256, comment = 'a comment'): string {
  const [name, ...parts] = partsOf(type, bits);
  const fields = [name, ...parts].map((part) => field(typeof part === 'string' ? Buffer.from(part) : part));
  return `${name} ${Buffer.concat(fields).toString('base64')} ${comment}\n`;
}

function partsOf(type: SshKeyType, bits: number): [string, ...(Buffer | string)[]] {
  if (type === 'ed25519')
    return ['ssh-ed25519', bytes(generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x!)];
  if (type === 'rsa') {
    const { e, n } = generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' });
    return ['ssh-rsa', unsigned(bytes(e!)), unsigned(bytes(n!))];
  }
  const { x, y } = generateKeyPairSync('ec', { namedCurve: `P-${bits}` }).publicKey.export({ format: 'jwk' });
  return [`ecdsa-sha2-nistp${bits}`, `nistp${bits}`, Buffer.concat([Buffer.from([4]), bytes(x!), bytes(y!)])];
}

const bytes = (text: string): Buffer => Buffer.from(text, 'base64url');
/** A positive number: a leading zero byte when the first bit is set. */
const unsigned = (number: Buffer): Buffer => (number[0]! < 0x80 ? number : Buffer.concat([Buffer.from([0]), number]));

function field(content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
}
