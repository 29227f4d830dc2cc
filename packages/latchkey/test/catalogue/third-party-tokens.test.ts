import { describe, expect, it } from 'vitest';
import { recogniseThirdParty } from '../../src/catalogue/third-party-tokens.ts';
import { mintTokenText } from '../../src/rules/token-text.ts';

/** `n` characters that no scanner takes for a real secret. */
const body = (n: number): string => 'Ab0'.repeat(n).slice(0, n);

const THIRD_PARTY: readonly (readonly [string, string])[] = [
  [`ghp_${body(36)}`, 'GitHub'],
  [`gho_${body(36)}`, 'GitHub'],
  [`ghu_${body(36)}`, 'GitHub'],
  [`ghs_${body(36)}`, 'GitHub'],
  [`ghr_${body(76)}`, 'GitHub'],
  [`github_pat_${body(22)}_${body(59)}`, 'GitHub'],
  [`glpat-${body(20)}`, 'GitLab'],
  [`SIE-glpat-${body(20)}`, 'GitLab'],
  [`glpat-${body(40)}.01.${body(9)}`, 'GitLab'],
  [`gldt-${body(20)}`, 'GitLab'],
  [`glptt-${body(40)}`, 'GitLab'],
  [`glrt-${body(20)}`, 'GitLab'],
  [`glcbt-64_${body(20)}`, 'GitLab'],
  [`ATBB${body(32)}`, 'Bitbucket'],
  [`ATCTT3${body(180)}`, 'Bitbucket'],
  [`ATATT3${body(186)}`, 'Atlassian'],
  [`npm_${body(36)}`, 'npm'],
  [`pypi-${body(160)}`, 'PyPI'],
  [`cio${body(32)}`, 'crates.io'],
  [`dckr_pat_${body(27)}`, 'Docker'],
  [`hf_${body(34)}`, 'Hugging Face'],
  [`sk_live_${body(24)}`, 'Stripe'],
  [`xoxb-${'1'.repeat(12)}-${body(24)}`, 'Slack'],
  [`AKIA${'ABCD2345'.repeat(2)}`, 'AWS'],
  [`AIza${body(35)}`, 'Google'],
  [`eyJ${body(30)}.eyJ${body(40)}.${body(43)}`, 'another service (a JSON Web Token)'],
  ['0123456789abcdef0123456789abcdef01234567', 'Gitea, Forgejo or an old GitHub'],
  [` ghp_${body(36)}\n`, 'GitHub'],
];
const KEYS: readonly (readonly [string, string])[] = [
  ['-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=', 'private key'],
  ['-----BEGIN RSA PRIVATE KEY-----', 'private key'],
  ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA ada@example.com', 'public SSH key'],
  ['ssh-rsa AAAAB3NzaC1yc2E', 'public SSH key'],
  ['ecdsa-sha2-nistp256 AAAAE2VjZHNh', 'public SSH key'],
  [`SHA256:${body(43)}`, 'fingerprint of an SSH key'],
];
const NOT_THIRD_PARTY = [
  '',
  'correct horse battery staple',
  'ghp_',
  'ghp',
  'hunter2',
  'Password1!',
  'npm_install',
  'AKIA',
  'eyJhbGciOiJub25lIn0',
  'sk_live_',
  'deadbeef',
  '0123456789ABCDEF0123456789ABCDEF0123456',
  'ssh-rsa',
  'glpat',
  'a'.repeat(100_000),
];

describe('a token of another product', () => {
  it.each(THIRD_PARTY)('%s is recognised', (text, product) => {
    expect(recogniseThirdParty(text)).toEqual({ product, kind: 'token' });
  });

  it.each(KEYS)('%s is recognised as a key', (text, product) => {
    expect(recogniseThirdParty(text)).toEqual({ product, kind: 'key' });
  });

  it.each(NOT_THIRD_PARTY)('%j is not taken for one', (text) => {
    expect(recogniseThirdParty(text)).toBeNull();
  });

  it('is never one of ours', () => {
    for (const kind of ['fine-grained', 'classic', 'scoped'] as const) {
      for (const prefix of [null, 'acme']) {
        let seed = 1;
        const bytes = (size: number): Uint8Array =>
          Uint8Array.from({ length: size }, () => (seed = (seed * 48_271) % 2_147_483_647) & 255);
        for (let i = 0; i < 200; i++) expect(recogniseThirdParty(mintTokenText(kind, bytes, prefix))).toBeNull();
      }
    }
  });
});
