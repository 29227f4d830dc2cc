import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CertificateReader, certificateOf, readCertificate } from '../../src/base/certificate.ts';
import { Fault } from '../../src/base/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const made = async () => generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2048 });
let one: { certFile: string; keyFile: string };
let two: { certFile: string; keyFile: string };
let encrypted: string;

beforeAll(async () => {
  const [first, second] = await Promise.all([made(), made()]);
  one = { certFile: file('1.pem', first.cert), keyFile: file('1.key', first.private) };
  two = { certFile: file('2.pem', second.cert), keyFile: file('2.key', second.private) };
  encrypted = file(
    'encrypted.key',
    createPrivateKey(first.private)
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
      .toString(),
  );
});

describe('a certificate that does not work is refused with the setting to look at', () => {
  const garbage = (): string => file('garbage.pem', 'no pem');
  test.each([
    ['is missing', () => ({ ...one, certFile: '/nowhere.pem' }), "can't read /nowhere.pem", 'check --tls-cert'],
    ['has no key', () => ({ ...one, keyFile: '/nowhere.key' }), "can't read /nowhere.key", 'check --tls-key'],
    ['is no PEM', () => ({ ...one, certFile: garbage() }), 'holds no certificate', 'check --tls-cert'],
    ['has a key that is no PEM', () => ({ ...one, keyFile: garbage() }), 'holds no private key', 'check --tls-key'],
    ['has an encrypted key', () => ({ ...one, keyFile: encrypted }), 'is encrypted', 'without a passphrase'],
    ['has the key of another', () => ({ ...one, keyFile: two.keyFile }), 'does not belong', '--tls-cert must begin'],
    [
      'was swapped with its key',
      () => ({ certFile: one.keyFile, keyFile: one.certFile }),
      'no certificate',
      'holds a key',
    ],
    ['stands in both files', () => ({ ...one, keyFile: one.certFile }), 'no private key', 'holds a certificate'],
  ])('one that %s', (_what, files, message, hint) => {
    expect.assertions(3);
    try {
      readCertificate(files());
    } catch (error) {
      expect(error).toBeInstanceOf(Fault);
      expect((error as Fault).message).toContain(message);
      expect((error as Fault).hint).toContain(hint);
    }
  });
});

describe('a certificate in use', () => {
  test('is read with its end', () => {
    const endsAt = readCertificate(one).endsAt;
    expect(endsAt).toBeGreaterThan(Date.now() / 1000 + 300 * 86_400);
  });

  test('is none without the settings', () => expect(certificateOf({ tlsCert: null, tlsKey: null })).toBeNull());

  test('is replaced by a renewal, and stays when the renewal is broken', () => {
    const [pem, key] = [join(folder, 'live.pem'), join(folder, 'live.key')];
    const put = (from: { cert: Buffer; key: Buffer }): void => {
      writeFileSync(`${pem}.new`, from.cert);
      writeFileSync(`${key}.new`, from.key);
      renameSync(`${pem}.new`, pem);
      renameSync(`${key}.new`, key);
    };
    put(readCertificate(one));
    const reader = new CertificateReader({ certFile: pem, keyFile: key });
    const before = reader.fingerprint;
    expect(reader.reload()).toBe(false);
    put(readCertificate(two));
    expect(reader.fingerprint).not.toBe(before);
    expect(reader.reload()).toBe(true);
    expect(reader.current.cert.equals(readCertificate(two).cert)).toBe(true);
    writeFileSync(pem, 'broken');
    expect(() => reader.reload()).toThrow(Fault);
    expect(reader.current.cert.equals(readCertificate(two).cert)).toBe(true);
  });

  test('is refused with a key of another kind', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const keyFile = file('ec.key', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    expect(() => readCertificate({ ...one, keyFile })).toThrow('does not belong');
  });
});
