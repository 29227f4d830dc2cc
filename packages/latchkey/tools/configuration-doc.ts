/** `docs/configuration.md`, drawn from the table of settings. */
import {
  SETTING_NAMES,
  type SettingName,
  type SettingRow,
  settingFlag,
  settingKey,
  settingRow,
  settingVariable,
} from '../src/base/settings/rows.ts';

const HEAD = `\
<!-- Written by \`npm run docs\` from packages/latchkey/src/base/settings/rows.ts. Edit that, not this. -->

# Configuration

You can set each setting in three places. The first that names it wins:

1. a flag of \`latchkey serve\`: \`--port 8080\`
2. an environment variable: \`LATCHKEY_PORT=8080\`
3. a line in the configuration file: \`port: 8080\`

The file is YAML. It is the one that \`--config\` names, or \`latchkey.yaml\` in the data folder. Relative paths in it
start from its folder, all others from the folder where the server was started. In a variable, a switch is \`true\`,
\`false\`, \`1\` or \`0\`, and commas separate a list; as a flag, a switch stands alone, and a list is the flag
several times. An empty variable counts as not set, except for a list, where it means none.

A secret ({secrets}) can be in a file of its own: the same variable with \`_FILE\` at the end names that file, as in
\`LATCHKEY_SMTP_FILE=/run/secrets/smtp\`.

Kubernetes writes variables about each Service into every pod: \`LATCHKEY_SERVICE_HOST\`, \`LATCHKEY_PORT=tcp://…\`
and so on for one named \`latchkey\`. Variables of exactly that form are ignored.

The server refuses to start, and names everything that is wrong at once, when a setting is unknown (even a
\`LATCHKEY_…\` variable with a typo), when a value has the wrong type or is out of range, and when settings contradict
each other.

The administration commands (\`latchkey admin …\`) read the same three places, and take these flags: {admin}.
`;

const FOOT = `## Tokens never cross a network in clear text

A token is a password. So the server refuses to start

- when \`--host\` is reachable from other machines, without \`--tls-cert\` and \`--tls-key\`, unless
  \`--trusted-proxy\` names a proxy on another machine that speaks HTTPS;
- when \`--public-url\` says \`https://\`, and there is neither a certificate nor a proxy that could speak it: name
  the one on this machine with \`--trusted-proxy 127.0.0.1\`;
- when \`--public-url\` says \`http://\` and isn't this machine itself.

\`--insecure-http\` lifts the first and the third, for closed test networks. It doesn't go with a certificate.

\`X-Forwarded-For\` is believed only when it comes from a trusted proxy. Name each, also where one stands behind the
other: \`--trusted-proxy 127.0.0.1 --trusted-proxy 10.0.0.5\`. [Behind a proxy](proxies.md) says what a proxy must do,
with the configuration of each.

## Mail

\`--smtp smtp://HOST:587\` speaks TLS when the mail server offers it (STARTTLS); \`smtps://HOST\` speaks it from the
first byte. To refuse a server that offers none, write \`smtp://HOST:587?requireTLS=true\`. The server's certificate
must hold, but for a relay on this machine (\`127.0.0.1\`, \`::1\`, \`localhost\`): distributions give it one that
names nobody, and what is said to it crosses no network.

## An example

\`\`\`yaml
# /etc/latchkey/latchkey.yaml, used with: latchkey serve --config /etc/latchkey/latchkey.yaml
data: /var/lib/latchkey
repositories: /srv/git
public-url: https://git.example.org
trusted-proxies:
  - 127.0.0.1
max-git-processes: 32
\`\`\`
`;

/** The whole document. */
export function configurationDoc(): string {
  const sections = [...new Set(SETTING_NAMES.map((name) => settingRow(name).section))];
  const admin = SETTING_NAMES.filter((name) => settingRow(name).forAdmin === true).map(
    (name) => `\`${settingFlag(name)}\``,
  );
  const secrets = SETTING_NAMES.filter((name) => settingRow(name).kind.secret).map(
    (name) => `\`${settingVariable(name)}\``,
  );
  return [
    HEAD.replace('{admin}', admin.join(', ')).replace('{secrets}', secrets.join(', ')),
    ...sections.map(sectionOf),
    FOOT,
  ].join('\n');
}

function sectionOf(section: SettingRow['section']): string {
  const rows = SETTING_NAMES.filter((name) => settingRow(name).section === section).map(lineOf);
  return (
    `## ${section}\n\n| flag | variable | in the file | value | left out | what for |\n| --- | --- | --- | --- | ` +
    `--- | --- |\n${rows.join('\n')}\n`
  );
}

function lineOf(name: SettingName): string {
  const { kind, default: value, defaultMeans, doc, notInFile, unit } = settingRow(name);
  const key = notInFile === true ? 'not there' : `\`${settingKey(name)}\``;
  const left = defaultMeans ?? (Array.isArray(value) ? value.map((each) => `\`${each}\``).join(', ') : `\`${value}\``);
  const rule = unit === undefined ? kind.rule : `${kind.rule}, in ${unit}`;
  return `| \`${settingFlag(name)}\` | \`${settingVariable(name)}\` | ${key} | ${rule} | ${left} | ${doc} |`;
}
