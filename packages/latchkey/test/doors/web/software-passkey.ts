/**
 * An authenticator in software, which signs anything, including what a browser would never send.
 *
 * Source: W3C, Web Authentication level 3, "Authenticator Data", "Attestation Object", "None Attestation"; RFC 8949.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** Flags of authenticator data. */
const [PRESENT, VERIFIED, ATTESTED] = [0x01, 0x04, 0x40];

export interface Lie {
  /** Instead of the site's origin. */
  readonly origin?: string;
  readonly rpId?: string;
  readonly type?: string;
  readonly counter?: number;
  readonly present?: boolean;
  readonly verified?: boolean;
  readonly challenge?: string;
  /** Instead of the passkey's key. */
  readonly signer?: SoftwarePasskey;
}

interface Asked {
  readonly challenge: string;
}

export class SoftwarePasskey {
  readonly id = randomBytes(16).toString('base64url');
  readonly #origin: string;
  readonly #private: KeyObject;
  readonly #x: Buffer;
  readonly #y: Buffer;

  constructor(origin: string) {
    this.#origin = origin;
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
    this.#private = privateKey;
    [this.#x, this.#y] = [Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')];
  }

  /** The answer to a challenge for a new passkey. */
  made(options: Asked, lie: Lie = {}): string {
    const id = Buffer.from(this.id, 'base64url');
    const key = map(
      [int(1), int(2)],
      [int(3), int(-7)],
      [int(-1), int(1)],
      [int(-2), bytes(this.#x)],
      [int(-3), bytes(this.#y)],
    );
    const length = Buffer.alloc(2);
    length.writeUInt16BE(id.length);
    const data = Buffer.concat([this.#data(lie, ATTESTED), Buffer.alloc(16), length, id, key]);
    const attestation = map([text('fmt'), text('none')], [text('attStmt'), map()], [text('authData'), bytes(data)]);
    return this.#credential({
      clientDataJSON: this.#client('webauthn.create', options, lie).toString('base64url'),
      attestationObject: attestation.toString('base64url'),
      transports: ['internal'],
    });
  }

  /** The answer to a challenge for a passkey. */
  signed(options: Asked, lie: Lie = {}): string {
    const client = this.#client('webauthn.get', options, lie);
    const data = this.#data(lie);
    const signature = (lie.signer ?? this).#sign(Buffer.concat([data, sha256(client)]));
    return this.#credential({
      clientDataJSON: client.toString('base64url'),
      authenticatorData: data.toString('base64url'),
      signature: signature.toString('base64url'),
    });
  }

  #sign(content: Buffer): Buffer {
    return sign('sha256', content, this.#private);
  }

  #client(type: string, { challenge }: Asked, lie: Lie): Buffer {
    return Buffer.from(
      JSON.stringify({
        type: lie.type ?? type,
        challenge: lie.challenge ?? challenge,
        origin: lie.origin ?? this.#origin,
        crossOrigin: false,
      }),
    );
  }

  #data({ rpId, present = true, verified = true, counter = 0 }: Lie, more = 0): Buffer {
    const head = Buffer.alloc(5);
    head.writeUInt8((present ? PRESENT : 0) | (verified ? VERIFIED : 0) | more);
    head.writeUInt32BE(counter, 1);
    return Buffer.concat([sha256(rpId ?? new URL(this.#origin).hostname), head]);
  }

  #credential(response: object): string {
    const { id } = this;
    return JSON.stringify({ id, rawId: id, type: 'public-key', clientExtensionResults: {}, response });
  }
}

const sha256 = (content: string | Buffer): Buffer => createHash('sha256').update(content).digest();

/** CBOR: the head of an item of a type, with a number below 65,536. */
function head(type: number, value: number): Buffer {
  if (value < 24) return Buffer.from([(type << 5) | value]);
  return value < 256
    ? Buffer.from([(type << 5) | 24, value])
    : Buffer.from([(type << 5) | 25, value >> 8, value & 255]);
}
const int = (value: number): Buffer => (value < 0 ? head(1, -1 - value) : head(0, value));
const bytes = (content: Buffer): Buffer => Buffer.concat([head(2, content.length), content]);
const text = (content: string): Buffer => Buffer.concat([head(3, content.length), Buffer.from(content)]);
const map = (...pairs: readonly (readonly [Buffer, Buffer])[]): Buffer =>
  Buffer.concat([head(5, pairs.length), ...pairs.flat()]);
