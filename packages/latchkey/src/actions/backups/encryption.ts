/**
 * Encryption of backups: age (age-encryption.org/v1), for recipients whose keys the server needn't have, so that
 * whoever takes the server over can't read what was kept elsewhere. `age --decrypt` opens each file, too.
 *
 * Never: an identity (the key that opens) in a message, an argument or a log.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { Fault, problem } from '../../base/errors.ts';

/** How files of a backup are sealed and opened. */
export interface Encryption {
  /** What names of sealed files end with. */
  readonly suffix: '' | '.age';
  seal(bytes: Uint8Array): Promise<Buffer>;
  open(bytes: Uint8Array): Promise<Buffer>;
}

/** Files as they are. */
export const NO_ENCRYPTION: Encryption = {
  suffix: '',
  seal: async (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  open: async (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
};

/** Seals for recipients: `age1…`. @throws Problem when one is no recipient */
export async function encryptionFor(recipients: readonly string[]): Promise<Encryption> {
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch {
      throw problem('invalid', `${recipient.slice(0, 80)} is no recipient of age: those begin with age1.`, 'recipient');
    }
  }
  return {
    suffix: '.age',
    seal: async (bytes) => Buffer.from(await encrypter.encrypt(bytes)),
    open: async () => {
      throw new TypeError('what is sealed for others is not opened here');
    },
  };
}

/** Opens with the identities in a file. @throws Problem when there is none in it */
export async function decryptionBy(path: string): Promise<Encryption> {
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw problem('invalid', `The identity ${path} can't be read (${error.code}).`, 'identity');
  });
  const identities = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
  try {
    if (identities.length === 0) throw new Error('none');
    for (const identity of identities) decrypter.addIdentity(identity.trim());
  } catch {
    throw problem('invalid', `${path} holds no identity of age: lines that begin with AGE-SECRET-KEY-.`, 'identity');
  }
  return {
    suffix: '.age',
    seal: async () => {
      throw new TypeError('an identity opens');
    },
    open: async (bytes) => {
      try {
        return Buffer.from(await decrypter.decrypt(bytes));
      } catch (error) {
        throw new Fault('the backup can’t be opened: it was sealed for somebody else, or was changed', {
          hint: 'name the identity whose recipient was given when it was made: --identity FILE',
          cause: error,
        });
      }
    },
  };
}

/**
 * Makes an identity, for this user alone. Returns the recipient that seals for it.
 * @throws Problem when the file exists
 */
export async function makeIdentity(path: string): Promise<string> {
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  const text = `# opens backups of Latchkey; keep it away from the server\n# recipient: ${recipient}\n${identity}\n`;
  await writeFile(path, text, { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'EEXIST' ? 'is there already' : `can't be written (${error.code})`;
    throw problem('unprocessable', `${path} ${why}.`, 'identity');
  });
  return recipient;
}
