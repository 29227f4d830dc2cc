/**
 * Recognizes what people paste by mistake: tokens of other products, and keys.
 *
 * It looks only at the form, never at whether the value works. A form is listed if its product documents a fixed
 * prefix, so that "this is a token of X" is true; a password that happens to look like one is unlikely.
 * Sources: each product's docs on secret formats, compared with public secret-scanning rules.
 * Never: one of our own forms.
 */

/** What a text looks like. `key`: an SSH key, private or public. */
export interface ThirdPartySecret {
  readonly product: string;
  readonly kind: 'token' | 'key';
}

interface Form extends ThirdPartySecret {
  readonly form: RegExp;
}

const FORMS: readonly Form[] = [
  { form: /^gh[pousr]_[A-Za-z0-9]{20,}/, product: 'GitHub', kind: 'token' },
  { form: /^ghs_\d+_eyJ/, product: 'GitHub', kind: 'token' },
  { form: /^github_pat_[A-Za-z0-9_]{20,}$/, product: 'GitHub', kind: 'token' },
  // GitLab: personal, OAuth, deploy, trigger, runner, job, feed, agent, SCIM, incoming mail and feature-flag tokens
  {
    form: /^(?:[A-Za-z0-9]{1,20}-)?gl(?:pat|dt|ptt|rt|rtr|cbt|ft|agent|oas|soat|imt|ffct)-[A-Za-z0-9_.=-]{16,}$/,
    product: 'GitLab',
    kind: 'token',
  },
  { form: /^ATBB[A-Za-z0-9]{28,}/, product: 'Bitbucket', kind: 'token' },
  { form: /^ATCTT3[A-Za-z0-9_=-]{20,}$/, product: 'Bitbucket', kind: 'token' },
  { form: /^ATATT3[A-Za-z0-9_=-]{20,}$/, product: 'Atlassian', kind: 'token' },
  { form: /^npm_[A-Za-z0-9]{30,}$/, product: 'npm', kind: 'token' },
  { form: /^pypi-[A-Za-z0-9_-]{16,}$/, product: 'PyPI', kind: 'token' },
  { form: /^cio[A-Za-z0-9]{32}$/, product: 'crates.io', kind: 'token' },
  { form: /^rubygems_[0-9a-f]{48}$/, product: 'RubyGems', kind: 'token' },
  { form: /^dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}$/, product: 'Docker', kind: 'token' },
  { form: /^hf_[A-Za-z0-9]{30,}$/, product: 'Hugging Face', kind: 'token' },
  { form: /^(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}$/, product: 'Stripe', kind: 'token' },
  { form: /^xox[abeoprs]-[A-Za-z0-9-]{10,}$/, product: 'Slack', kind: 'token' },
  { form: /^xapp-\d-[A-Za-z0-9-]{10,}$/, product: 'Slack', kind: 'token' },
  { form: /^(?:AKIA|ASIA)[A-Z2-7]{16}$/, product: 'AWS', kind: 'token' },
  { form: /^AIza[A-Za-z0-9_-]{35}$/, product: 'Google', kind: 'token' },
  {
    form: /^eyJ[A-Za-z0-9_-]{5,}\.eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*$/,
    product: 'another service (a JSON Web Token)',
    kind: 'token',
  },
  { form: /^[0-9a-f]{40}$/, product: 'Gitea, Forgejo or an old GitHub', kind: 'token' },
  { form: /^-----BEGIN [A-Z ]*PRIVATE KEY-----/, product: 'private key', kind: 'key' },
  { form: /^PuTTY-User-Key-File-\d:/, product: 'private key', kind: 'key' },
  {
    form: /^(?:ssh-(?:ed25519|rsa|dss)|ecdsa-sha2-nistp\d{3}|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) AAAA/,
    product: 'public SSH key',
    kind: 'key',
  },
  { form: /^SHA256:[A-Za-z0-9+/]{43}=?$/, product: 'fingerprint of an SSH key', kind: 'key' },
];

/**
 * The product that a text seems to come from, or null when it looks like no known one. Surrounding white space is
 * ignored.
 */
export function recogniseThirdParty(text: string): ThirdPartySecret | null {
  const trimmed = text.trim();
  const found = FORMS.find(({ form }) => form.test(trimmed));
  return found === undefined ? null : { product: found.product, kind: found.kind };
}
