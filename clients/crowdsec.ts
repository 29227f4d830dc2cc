/**
 * Whether CrowdSec, as Debian has it, keeps away whoever guesses, with the parser and the scenario of
 * `examples/crowdsec`: it reads the log of a real server, and must ban the address that failed too often, and no other.
 * Needs apt and dpkg. CrowdSec's own services elsewhere are not asked.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../bench/command.ts';
import { debians } from './debian.ts';
import { ended, freePort } from './service-trial.ts';

const MAIN = join(import.meta.dirname, '../packages/latchkey/dist/cli/main.js');
const EXAMPLE = join(import.meta.dirname, '../examples/crowdsec');
const GUESSER = '198.51.100.7';
const FORGETFUL = '198.51.100.8';
const START_LIMIT_MS = 60_000;

export async function crowdsec(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-crowdsec-'));
  try {
    const program = await debians(folder, 'crowdsec');
    const log = await guessedAt(folder);
    const config = await settingsIn(folder);
    await run(join(folder, 'debian/usr/bin/cscli'), ['-c', config, 'machines', 'add', '-a', '--force']);
    const { stdout, stderr } = await run(program, ['-c', config, '-dsn', `file://${log}`, '-type', 'latchkey']);
    const bans = [...(stdout + stderr).matchAll(/latchkey\/latchkey-bf by ip (\S+) : (\S+ ban)/g)];
    const banned = bans.map(([, address = '']) => address);
    if (String(banned) !== GUESSER) throw new Error(`banned: ${String(banned) || 'nobody'}\n${stdout}${stderr}`);
    console.log(`${GUESSER}: ${bans[0]?.[2]}; ${FORGETFUL}, who was wrong three times, goes on`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The log of a server at which one guesses and another is wrong a few times. */
async function guessedAt(folder: string): Promise<string> {
  const log = join(folder, 'latchkey.log');
  const port = await freePort();
  const args = ['--data', join(folder, 'data'), '--port', String(port), '--trusted-proxy', '127.0.0.1'];
  const server: ChildProcess = spawn(process.execPath, [MAIN, 'serve', ...args, '--log-format', 'json'], {
    stdio: ['ignore', 'ignore', openSync(log, 'w')],
  });
  try {
    const url = `http://127.0.0.1:${port}`;
    const endsAt = Date.now() + START_LIMIT_MS;
    while (!(await fetch(`${url}/healthz`).catch(() => null))?.ok) {
      if (Date.now() > endsAt) throw new Error('the server does not start');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    for (const [address, times] of [
      [GUESSER, 14],
      [FORGETFUL, 3],
    ] as const)
      for (let n = 0; n < times; n++)
        await fetch(`${url}/acme/site.git/info/refs?service=git-upload-pack`, {
          headers: { authorization: `Basic ${btoa(`ada:guess-${n}`)}`, 'x-forwarded-for': address },
        });
  } finally {
    // Its end writes the last lines.
    await ended(server);
  }
  return log;
}

/** Settings for one run: what Debian's package brings, and the example. */
async function settingsIn(folder: string): Promise<string> {
  const theirs = join(folder, 'debian');
  const hub = join(theirs, 'usr/share/crowdsec/hub');
  const etc = join(folder, 'etc');
  for (const made of ['parsers/s00-raw', 'parsers/s01-parse', 'parsers/s02-enrich', 'scenarios'])
    await mkdir(join(etc, made), { recursive: true });
  for (const made of ['hub', 'state']) await mkdir(join(folder, made));
  await cp(join(hub, '.index.json'), join(folder, 'hub/.index.json'));
  await cp(join(theirs, 'etc/crowdsec/patterns'), join(etc, 'patterns'), { recursive: true });
  for (const name of ['profiles.yaml', 'simulation.yaml'])
    await cp(join(theirs, 'etc/crowdsec', name), join(etc, name));
  for (const name of ['s00-raw/crowdsecurity/syslog-logs.yaml', 's02-enrich/crowdsecurity/dateparse-enrich.yaml'])
    await cp(join(hub, 'parsers', name), join(etc, 'parsers', name.replace('crowdsecurity/', '')));
  await cp(join(EXAMPLE, 'latchkey.yaml'), join(etc, 'parsers/s01-parse/latchkey.yaml'));
  await cp(join(EXAMPLE, 'latchkey-bf.yaml'), join(etc, 'scenarios/latchkey-bf.yaml'));
  await writeFile(join(etc, 'acquis.yaml'), '\n');
  const config = {
    common: { daemonize: false, log_media: 'stdout', log_level: 'info', working_dir: '.' },
    config_paths: {
      config_dir: `${etc}/`,
      data_dir: join(folder, 'state/'),
      simulation_path: join(etc, 'simulation.yaml'),
      hub_dir: join(folder, 'hub/'),
      index_path: join(folder, 'hub/.index.json'),
    },
    crowdsec_service: { acquisition_path: join(etc, 'acquis.yaml'), parser_routines: 1 },
    cscli: { output: 'human' },
    db_config: { type: 'sqlite', db_path: join(folder, 'state/crowdsec.db') },
    api: {
      client: { credentials_path: join(etc, 'credentials.yaml') },
      server: {
        listen_uri: `127.0.0.1:${await freePort()}`,
        profiles_path: join(etc, 'profiles.yaml'),
        console_path: join(etc, 'console.yaml'),
      },
    },
    prometheus: { enabled: false },
  };
  // JSON is YAML.
  await writeFile(join(folder, 'config.yaml'), JSON.stringify(config));
  return join(folder, 'config.yaml');
}
