/**
 * Stands where git calls ssh, and does what sshd does on the other side once it has checked a key: asks for the key's
 * line of `authorized_keys`, and runs the command in it in a shell, with the client's words in the environment.
 */
import { spawnSync } from 'node:child_process';

const { AS_SSHD: given, GIT_PROTOCOL: protocol, PATH } = process.env;
const { main, data, fingerprint, from } = JSON.parse(given);
const keys = spawnSync(process.execPath, [main, 'ssh-keys', '--data', data, fingerprint], { encoding: 'utf8' });
const command = /^restrict,command="((?:[^"\\]|\\.)*)" ssh-ed25519 [A-Za-z0-9+/=]+\n$/.exec(keys.stdout)?.[1];
if (command === undefined) {
  process.stderr.write(`${keys.stderr}git@git.example.org: Permission denied (publickey).\n`);
  process.exit(255);
}
const { status } = spawnSync('/bin/sh', ['-c', command.replaceAll('\\"', '"')], {
  stdio: 'inherit',
  env: {
    PATH,
    SSH_ORIGINAL_COMMAND: process.argv.at(-1),
    SSH_CONNECTION: `${from} 51234 192.0.2.1 22`,
    ...(protocol === undefined ? {} : { GIT_PROTOCOL: protocol }),
  },
});
process.exit(status ?? 1);
