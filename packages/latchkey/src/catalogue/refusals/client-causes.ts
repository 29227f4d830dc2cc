/**
 * Causes of "Authentication failed" that no server can see, because they are on the person's machine. The doctor
 * finds them; the help pages and docs/troubleshooting.md explain them.
 *
 * Commands are for a shell; replace `HOST`, `OWNER` and `NAME`.
 */
export interface ClientCause {
  /** The anchor: `/help/ssh_remote`. */
  readonly code: string;
  readonly title: string;
  /** What the person sees. */
  readonly symptom: string;
  /** One paragraph. */
  readonly about: string;
  readonly commands: readonly string[];
}

export const CLIENT_CAUSES: readonly ClientCause[] = [
  {
    code: 'ssh_remote',
    title: 'The remote uses SSH',
    symptom: 'Permission denied (publickey), and nobody asks for a token.',
    about:
      'A token is the password of HTTPS addresses. A remote that begins with git@ or ssh:// goes another way and ' +
      'never shows it.',
    commands: ['git remote get-url origin', 'git remote set-url origin https://HOST/OWNER/NAME.git'],
  },
  {
    code: 'secret_in_remote',
    title: 'An old token stands in the address of the remote',
    symptom: 'A new token is ignored, and nobody asks for it.',
    about:
      'Git takes a password from the address before it asks any helper. Besides, it lies in .git/config, where ' +
      'backups and scripts read it. Revoke that token.',
    commands: ['git remote set-url origin https://HOST/OWNER/NAME.git'],
  },
  {
    code: 'stale_credential',
    title: 'The keychain still has an old token',
    symptom: 'The same error each time, without a question.',
    about:
      'Git forgets a credential that the server calls dead (401), unless a helper ignores that. A living token ' +
      'that lacks something (403) is kept on purpose. To have it forgotten, tell git:',
    commands: [
      "printf 'protocol=https\\nhost=HOST\\n\\n' | git credential reject",
      'macOS: open Keychain Access, search for HOST, delete the entry',
      'Windows: cmdkey /list, then cmdkey /delete:LegacyGeneric:target=git:https://HOST',
      'GNOME: open Passwords and Keys, search for HOST, delete the entry',
    ],
  },
  {
    code: 'two_helpers',
    title: 'Two credential helpers, in the wrong order',
    symptom: 'Another credential is sent than the one that was just stored.',
    about:
      'Git asks helpers in the order of its configuration and takes the first answer. An empty helper forgets ' +
      'all that were named before it; latchkey credential install writes it so.',
    commands: ["git config --show-origin --get-regexp '^credential'", 'latchkey credential install https://HOST'],
  },
  {
    code: 'header_override',
    title: 'A header is sent whatever the helpers say',
    symptom: 'The wrong account in a CI job, or after one.',
    about:
      'http.extraHeader with an Authorization line goes along with every request. CI systems leave it behind in ' +
      'the clone.',
    commands: [
      "git config --show-origin --name-only --get-regexp 'http\\..*extraheader'",
      'git config --unset-all http.https://HOST/.extraheader',
    ],
  },
  {
    code: 'clock_wrong',
    title: 'The clock is wrong',
    symptom: 'Certificates not yet valid, one-time codes refused, tokens that end too early.',
    about:
      'Certificates, codes and ends of tokens go by the time. One minute of difference is enough for a code, a ' +
      'day for the rest.',
    commands: ['date -u', 'timedatectl set-ntp true'],
  },
  {
    code: 'server_unreachable',
    title: 'The server cannot be reached',
    symptom: 'Could not resolve host, Connection refused, or a long wait.',
    about:
      'Nothing is wrong with the token yet: nobody has seen it. Look at the address, the network, a VPN or a proxy.',
    commands: ['curl -sS https://HOST/healthz', 'latchkey doctor https://HOST'],
  },
  {
    code: 'tls_not_trusted',
    title: 'The certificate is not trusted',
    symptom: 'SSL certificate problem: unable to get local issuer certificate.',
    about:
      'The server has a certificate of an authority that this machine does not know, often the company’s own. ' +
      'Tell git where it is, for this server alone: latchkey goes by that, too. Never switch the check off, or ' +
      'anybody on the way reads the token.',
    commands: ['git config --global http.https://HOST.sslCAInfo /path/to/ca.pem'],
  },
];
